import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { idOf, messagesOf } from "../../../support/memory-node/memory-node.ts";
import { ReplyRig } from "../../../support/memory-node/reply-rig.ts";

/** A batch of an origin's stream to the node. */
function give(rig: ReplyRig, batch: readonly unknown[], sender = "o1"): Promise<void> {
  rig.broker.command("default", sender, "n", encode(batch));
  return rig.rest();
}

test("numbered commands: two senders' streams of one name are two", async () => {
  const rig = await ReplyRig.start();
  const socket = rig.node.connect();
  for (const sender of ["o1", "o2"]) {
    await give(rig, [1, "guessed", 0, [["send", idOf(socket), `of ${sender}`]]], sender);
  }
  assert.deepEqual(messagesOf(socket), ["of o1", "of o2"]);
});

test("numbered commands: nothing past a gap is carried out, and nothing twice", async () => {
  const rig = await ReplyRig.start();
  const { broker, clock, node } = rig;
  const acks: unknown[] = [];
  broker.onEvents(({ batch }) => {
    const value = decode(batch) as unknown[][];
    if (!Array.isArray(value[0]) || value[0][0] !== "ack") return;
    for (const [, stream, ...more] of value) {
      acks.push([stream, ...more.filter((one) => typeof one === "number")]);
    }
  });
  const socket = node.connect();
  const send = async (first: number, ...texts: readonly string[]): Promise<void> => {
    const items = texts.map((text) => ["send", idOf(socket), text]);
    await give(rig, [1, "o1:i:n:0", first, items, { base: 0 }]);
    clock.advance(10);
    await rig.rest();
  };
  await send(0, "a", "b");
  await send(3, "d", "e");
  assert.deepEqual(messagesOf(socket), ["a", "b"], "c is missing");
  await send(1, "b", "c");
  await send(3, "d", "e");
  await send(3, "d", "e");
  assert.deepEqual(messagesOf(socket), ["a", "b", "c", "d", "e"]);
  const expected = [[2], [2, 2], [3], [5], [5]];
  assert.deepEqual(
    acks,
    expected.map((counts) => ["o1:i:n:0", ...counts]),
  );
  assert.equal(node.errors("batch-gap"), 1);
});

test("numbered commands: a gap is counted, and told where it stays one", async () => {
  const rig = await ReplyRig.start();
  const { clock, node } = rig;
  const publish = (stream: string, first: number): Promise<void> =>
    give(rig, [1, stream, first, [["publish", "g", "x"]], 0]);
  const warnings = (): string[] =>
    node.logger.records
      .filter(({ level, fields }) => level === "warn" && fields.code !== "command-malformed")
      .map(({ message }) => message);
  for (const stream of ["filled", "open"]) {
    await publish(stream, 0);
    await publish(stream, 485);
    await publish(stream, 486);
  }
  clock.advance(1_000);
  // As after a restart of the broker: what it lost comes again.
  for (let first = 1; first <= 486; first++) await publish("filled", first);
  clock.advance(10_000);
  await rig.rest();
  assert.deepEqual(warnings(), ["485 items of stream open did not come when asked for again"]);
  assert.equal(node.errors("batch-gap"), 4);
});

/** A numbered batch each ms, 31 of them; after how many of them acks were sent. */
async function acksBehind(textChars: number): Promise<number[]> {
  const rig = await ReplyRig.start();
  const { broker, clock, node } = rig;
  const socket = node.connect();
  const acks: number[] = [];
  let batches = 0;
  broker.onEvents(({ batch }) => {
    const [first] = decode(batch) as unknown[][];
    if (Array.isArray(first) && first[0] === "ack") acks.push(batches);
  });
  for (; batches < 31; batches++) {
    const items = [["send", idOf(socket), "x".repeat(textChars)]];
    await give(rig, [1, "o1:i:n:0", batches, items, { base: 0 }]);
    clock.advance(1);
    await rig.rest();
  }
  return acks;
}

test("numbered commands: an ack waits for more, unless they may fill a window", async () => {
  assert.deepEqual(await acksBehind(100), []);
  assert.deepEqual(await acksBehind(3_500), [9, 19, 29]);
});
