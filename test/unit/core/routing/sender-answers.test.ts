import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import type { EventChannel, OriginPresence } from "../../../../core/ports/mod.ts";
import { ManualClock, MemoryBroker, type PublishedEvents } from "../../../support/memory/mod.ts";
import { batchValue, MemoryNode, settled } from "../../../support/memory-node/memory-node.ts";

const presence: OriginPresence = { v: 1, incarnation: "i1", at: 1, every: 1e9 };

interface Batch {
  readonly json: boolean;
  readonly value: readonly unknown[];
}

function batchOf({ batch }: PublishedEvents): Batch {
  return { json: batch[0] === 0x5b, value: batchValue(batch) as unknown[] };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A node, the batches that it publishes, and a turn of its loop. */
async function start(channel?: (inner: EventChannel) => EventChannel, windowBytesMax = 1e6) {
  const [clock, broker] = [new ManualClock(), new MemoryBroker()];
  const parts = { clock, broker, ...(channel === undefined ? {} : { channel }) };
  const node = new MemoryNode(parts, { windowBytesMax });
  const batches: Batch[] = [];
  broker.onEvents((events) => batches.push(batchOf(events)));
  await node.gateway.start();
  const rest = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn++) {
      await settled();
      clock.advance(20);
      clock.turn();
    }
  };
  return { clock, broker, node, batches, rest };
}

/** The one batch with an item of this ref or stream. */
function withItem(batches: readonly Batch[], name: unknown): Batch {
  const found = batches.filter(({ value }) => {
    const items = (typeof value[0] === "number" ? value[3] : value) as unknown[][];
    return items.some(([, ref]) => ref === name);
  });
  assert.equal(found.length, 1, String(name));
  return found[0] as Batch;
}

const query = (ref: string) => ["query", "@all", { ref, count: true }];
const result = { node: "n", count: 0 };

test("a JSON command is answered in JSON, any other in MessagePack", async () => {
  for (const origin of [undefined, "shop"]) {
    const { node, batches, rest } = await start();
    if (origin !== undefined) node.channel.origin("default", origin, presence);
    const sender = origin ?? "me";
    node.bus.local("default", sender, bytes(JSON.stringify([query("j1"), query("j2")])));
    node.bus.local("default", sender, encode([query("m")]));
    node.bus.local("default", sender, bytes(JSON.stringify([query("j3")])));
    await rest();
    const refs = ["j1", "j2", "m", "j3"];
    const found = refs.map((ref) => withItem(batches, ref));
    assert.deepEqual(
      found.map(({ json }) => json),
      [true, true, false, true],
    );
    for (const [index, { value }] of found.entries()) {
      assert.deepEqual(value.slice(2), [index, [["reply", refs[index], result]]]);
    }
  }
});

test("a JSON reply that nobody confirmed is repeated as JSON", async () => {
  const { broker, node, batches, rest } = await start();
  node.channel.origin("default", "shop", presence);
  node.bus.local("default", "shop", bytes(JSON.stringify([query("j")])));
  await rest();
  batches.length = 0;
  broker.up = false;
  broker.up = true;
  await rest();
  const { json, value } = withItem(batches, "j");
  assert.deepEqual([json, value.slice(2)], [true, [0, [["reply", "j", result]]]]);
});

test("acks come in the format of the commands", async () => {
  const { node, batches, rest } = await start();
  node.bus.local("default", "json", bytes('[1,"s",0,[["publish","g","x"]]]'));
  node.bus.local("default", "packed", encode([1, "t", 0, [["publish", "g", "x"]]]));
  await rest();
  assert.deepEqual(withItem(batches, "s"), { json: true, value: [["ack", "s", 1, null, "json"]] });
  assert.deepEqual(withItem(batches, "t"), {
    json: false,
    value: [["ack", "t", 1, null, "packed"]],
  });
});

test("replies to an origin that is leaving keep to its window; the rest is counted", async () => {
  const held: Uint8Array[] = [];
  const stalled = (inner: EventChannel): EventChannel => ({
    batchBytesMax: inner.batchBytesMax,
    knowsSubscribers: false,
    start: (listener) => inner.start(listener),
    publish: (_destination, batch) => void held.push(batch),
    publishAtMostOnce: (_destination, batch) => void held.push(batch),
    stop: () => inner.stop(),
  });
  const windowBytesMax = 10_000;
  const { node, rest } = await start(stalled, windowBytesMax);
  node.channel.origin("default", "shop", presence);
  // Something that it has not confirmed keeps it from being released at once.
  node.connect();
  await rest();
  node.channel.origin("default", "shop", { ...presence, leaving: true });
  const ask = (index: number): void => {
    const ref = String(index).padStart(1_000, "-");
    node.bus.local("default", "shop", encode([["query", "@all", { ref, count: true }]]));
  };
  for (let index = 0; index < 100; index++) ask(index);
  const total = held.reduce((sum, { length }) => sum + length, 0);
  assert.ok(total > windowBytesMax && total < 2 * windowBytesMax + 2_000, String(total));
  const answered = held.length - 1;
  assert.equal(node.errors("reply-dropped"), 100 - answered);
});
