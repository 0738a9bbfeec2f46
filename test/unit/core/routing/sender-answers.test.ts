import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import type { EventChannel, OriginPresence } from "../../../../core/ports/mod.ts";
import {
  batchValue,
  type Item,
  idOf,
  type MemoryNodeParts,
  settled,
} from "../../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../../support/memory-node/node-rig.ts";

const windowBytesMax = 10_000;
const presence: OriginPresence = { v: 1, incarnation: "i1", at: 1, every: 1e9 };

/** What was published: where to, whether as JSON, and the batch. */
interface Published {
  readonly destination: unknown;
  readonly json: boolean;
  readonly value: readonly unknown[];
}

/** A node, and the batches that it publishes. */
class Rig extends NodeRig {
  readonly batches: Published[] = [];

  static async start(parts: Partial<MemoryNodeParts> = {}): Promise<Rig> {
    const rig = new Rig({ windowBytesMax }, parts);
    rig.broker.onEvents(({ destination, batch }) => {
      const value = batchValue(batch) as unknown[];
      rig.batches.push({ destination, json: batch[0] === 0x5b, value });
    });
    await rig.node.gateway.start();
    return rig;
  }

  override async rest(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) {
      await settled();
      this.clock.advance(20);
      this.clock.turn();
    }
  }

  json(sender: string, batch: unknown): void {
    const bytes = new TextEncoder().encode(JSON.stringify(batch));
    this.node.bus.local("default", sender, bytes);
  }
}

/** The one batch with an item of this ref or stream. */
function withItem(batches: readonly Published[], name: unknown): Published {
  const found = batches.filter(({ value }) => {
    const items = (typeof value[0] === "number" ? value[3] : value) as unknown[][];
    return items.some(([, ref]) => ref === name);
  });
  assert.equal(found.length, 1, String(name));
  return found[0] as Published;
}

const query = (ref: string): Item => ["query", "@all", { ref, count: true }];
const result = { node: "n", count: 0 };

test("a JSON command is answered in JSON, any other in MessagePack", async () => {
  for (const sender of ["me", "shop"]) {
    const rig = await Rig.start();
    if (sender === "shop") rig.node.channel.origin("default", sender, presence);
    rig.json(sender, [query("j1"), query("j2")]);
    rig.node.local([query("m")], "default", sender);
    rig.json(sender, [query("j3")]);
    await rig.rest();
    const wanted = { j1: true, j2: true, m: false, j3: true };
    for (const [index, [ref, isJson]] of Object.entries(wanted).entries()) {
      const { json, value } = withItem(rig.batches, ref);
      assert.deepEqual([json, value.slice(2)], [isJson, [index, [["reply", ref, result]]]]);
    }
  }
});

test("a JSON reply that nobody confirmed is repeated as JSON", async () => {
  const rig = await Rig.start();
  rig.node.channel.origin("default", "shop", presence);
  rig.json("shop", [query("j")]);
  await rig.rest();
  rig.batches.length = 0;
  rig.broker.up = false;
  rig.broker.up = true;
  await rig.rest();
  const { json, value } = withItem(rig.batches, "j");
  assert.deepEqual([json, value.slice(2)], [true, [0, [["reply", "j", result]]]]);
});

test("acks come in the format of the commands", async () => {
  const rig = await Rig.start();
  const publish = [["publish", "g", "x"]];
  rig.json("json", [1, "s", 0, publish]);
  rig.node.bus.local("default", "packed", encode([1, "t", 0, publish]));
  await rig.rest();
  for (const [stream, isJson, sender] of [
    ["s", true, "json"],
    ["t", false, "packed"],
  ] as const) {
    const { json, value } = withItem(rig.batches, stream);
    assert.deepEqual([json, value], [isJson, [["ack", stream, 1, null, sender]]]);
  }
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
  const rig = await Rig.start({ channel: stalled });
  const { node } = rig;
  node.channel.origin("default", "shop", presence);
  // Something that it has not confirmed keeps it from being released at once.
  node.connect();
  await rig.rest();
  node.channel.origin("default", "shop", { ...presence, leaving: true });
  for (let index = 0; index < 100; index++) {
    node.local([query(String(index).padStart(1_000, "-"))], "default", "shop");
  }
  const total = held.reduce((sum, { length }) => sum + length, 0);
  assert.ok(total > windowBytesMax && total < 2 * windowBytesMax + 2_000, String(total));
  const answered = held.length - 1;
  assert.equal(node.errors("reply-dropped"), 100 - answered);
});

const shop = { app: "default", origin: "shop" };

test("direct: replies of a turn go to the sender's own topic in one bare batch", async () => {
  const rig = await Rig.start();
  const id = idOf(rig.node.connect());
  await rig.rest();
  rig.batches.length = 0;
  const items: Item[] = [
    ["send", [id, "n.gone"], "hi", { ref: 1, direct: true }],
    ["query", "@all", { ref: 2, direct: true, count: true }],
    ["publish", "@all", "x", { ref: 3, direct: true }],
  ];
  rig.node.local(items, "default", "shop");
  await rig.rest();
  const counts = { node: "n", sent: 1, slow: 0, gone: 0, expired: 0 };
  assert.equal(rig.batches.length, 1);
  const { destination, json, value } = rig.batches[0] as Published;
  assert.deepEqual([destination, json], [shop, false]);
  assert.deepEqual(
    new Map((value as Item[]).map(([, ref, result]) => [ref, result])),
    new Map<unknown, unknown>([
      [2, { node: "n", count: 1 }],
      [1, { [id]: "sent", "n.gone": "gone" }],
      [3, counts],
    ]),
  );
});

test("direct: a JSON command is answered in JSON, a refused one too", async () => {
  const rig = await Rig.start();
  rig.json("shop", [["send", "n.x", "a", { ref: "r", ttl: -1, direct: true }]]);
  await rig.rest();
  const value = [["reply", "r", { node: "n", error: "command-malformed" }]];
  assert.deepEqual(rig.batches, [{ destination: shop, json: true, value }]);
});

test("direct: only what asks for it; another reply of the sender goes to everybody", async () => {
  const rig = await Rig.start();
  for (const more of [{}, { direct: 1 }]) {
    rig.node.local([["query", "@all", { ref: 1, count: true, ...more }]], "default", "shop");
  }
  await rig.rest();
  const everybody = { app: "default", partition: 0 };
  assert.ok(rig.batches.length > 0);
  for (const { destination } of rig.batches) assert.deepEqual(destination, everybody);
});

test("direct: a reply is counted where it cannot go", async () => {
  const rig = await Rig.start();
  const query: Item = ["query", "@all", { ref: 1, count: true, direct: true }];
  for (const [sender, up, dropped] of [
    ["no such name", true, 1],
    ["shop", false, 2],
    ["shop", true, 2],
  ] as const) {
    rig.broker.up = up;
    rig.node.local([query], "default", sender);
    await rig.rest();
    assert.equal(rig.node.errors("reply-dropped"), dropped);
  }
  assert.equal(rig.batches.length, 1);
});
