import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { ManualClock, MemoryBroker } from "../../../support/memory/mod.ts";
import {
  idOf,
  MemoryNode,
  messagesOf,
  settled,
} from "../../../support/memory-node/memory-node.ts";

test("numbered commands: two senders' streams of one name are two", async () => {
  const [broker, clock] = [new MemoryBroker(), new ManualClock()];
  const node = new MemoryNode({ broker, clock });
  await node.gateway.start();
  const socket = node.connect();
  for (const sender of ["o1", "o2"]) {
    const items = [["send", idOf(socket), `of ${sender}`]];
    broker.command("default", sender, "n", encode([1, "guessed", 0, items]));
    await settled();
    clock.turn();
  }
  assert.deepEqual(messagesOf(socket), ["of o1", "of o2"]);
});

test("numbered commands: nothing past a gap is carried out, and nothing twice", async () => {
  const [broker, clock] = [new MemoryBroker(), new ManualClock()];
  const acks: unknown[] = [];
  broker.onEvents(({ batch }) => {
    const value = decode(batch) as unknown[][];
    if (!Array.isArray(value[0]) || value[0][0] !== "ack") return;
    for (const [, stream, ...more] of value) {
      acks.push([stream, ...more.filter((one) => typeof one === "number")]);
    }
  });
  const node = new MemoryNode({ broker, clock });
  await node.gateway.start();
  const socket = node.connect();
  const give = async (first: number, ...texts: readonly string[]): Promise<void> => {
    const items = texts.map((text) => ["send", idOf(socket), text]);
    broker.command("default", "o1", "n", encode([1, "o1:i:n:0", first, items, { base: 0 }]));
    await settled();
    clock.advance(10);
    await settled();
  };
  await give(0, "a", "b");
  await give(3, "d", "e");
  assert.deepEqual(messagesOf(socket), ["a", "b"], "c is missing");
  await give(1, "b", "c");
  await give(3, "d", "e");
  await give(3, "d", "e");
  assert.deepEqual(messagesOf(socket), ["a", "b", "c", "d", "e"]);
  const expected = [[2], [2, 2], [3], [5], [5]];
  assert.deepEqual(
    acks,
    expected.map((counts) => ["o1:i:n:0", ...counts]),
  );
  assert.equal(node.errors("batch-gap"), 1);
});

test("numbered commands: a gap is counted, and told where it stays one", async () => {
  const [broker, clock] = [new MemoryBroker(), new ManualClock()];
  const node = new MemoryNode({ broker, clock });
  await node.gateway.start();
  const give = async (stream: string, first: number): Promise<void> => {
    broker.command("default", "o1", "n", encode([1, stream, first, [["publish", "g", "x"]], 0]));
    await settled();
  };
  const warnings = (): string[] =>
    node.logger.records
      .filter(({ level, fields }) => level === "warn" && fields.code !== "command-malformed")
      .map(({ message }) => message);
  for (const stream of ["filled", "open"]) {
    await give(stream, 0);
    await give(stream, 485);
    await give(stream, 486);
  }
  clock.advance(1_000);
  // As after a restart of the broker: what it lost comes again.
  for (let first = 1; first <= 486; first++) await give("filled", first);
  clock.advance(10_000);
  await settled();
  assert.deepEqual(warnings(), ["485 items of stream open did not come when asked for again"]);
  assert.equal(node.errors("batch-gap"), 4);
});

/** A numbered batch each ms, 31 of them; after how many of them acks were sent. */
async function acksBehind(textChars: number): Promise<number[]> {
  const [broker, clock] = [new MemoryBroker(), new ManualClock()];
  const node = new MemoryNode({ broker, clock });
  await node.gateway.start();
  const socket = node.connect();
  const acks: number[] = [];
  let batches = 0;
  broker.onEvents(({ batch }) => {
    const [first] = decode(batch) as unknown[][];
    if (Array.isArray(first) && first[0] === "ack") acks.push(batches);
  });
  for (; batches < 31; batches++) {
    const items = [["send", idOf(socket), "x".repeat(textChars)]];
    broker.command("default", "o1", "n", encode([1, "o1:i:n:0", batches, items, { base: 0 }]));
    await settled();
    clock.advance(1);
    await settled();
  }
  return acks;
}

test("numbered commands: an ack waits for more, unless they may fill a window", async () => {
  assert.deepEqual(await acksBehind(100), []);
  assert.deepEqual(await acksBehind(3_500), [9, 19, 29]);
});
