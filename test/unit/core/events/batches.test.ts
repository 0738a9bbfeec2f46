import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { limits } from "../../../../core/base/mod.ts";
import {
  aliveItems,
  BatchSplitter,
  batchBytesTarget,
} from "../../../../core/events/batch-splitter.ts";
import { StreamWindow } from "../../../../core/events/stream-window.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";
import { MemoryBroker, MemoryEventChannel } from "../../../support/memory/mod.ts";
import { HandshakeRig } from "../../../support/memory-node/handshake-rig.ts";
import { smallOptions } from "../../../vectors/codecs.ts";

const codec = createReferenceCodec(smallOptions);

function channelOf(batchBytesMax: number): MemoryEventChannel {
  const channel = new MemoryEventChannel(new MemoryBroker(), "n");
  return Object.assign(channel, { batchBytesMax });
}

function fitted(items: readonly unknown[][], bytesMax: number, json = false) {
  const payload = new Uint8Array(codec.values.encodeValue([1, "s", 7, items]));
  const oversized: unknown[] = [];
  const splitter = new BatchSplitter(codec.values, channelOf(bytesMax), (item) =>
    oversized.push(item[1]),
  );
  const pieces = splitter.split({ first: 7, count: items.length, payload }, json);
  const read = (bytes: Uint8Array): [number, string, number, unknown[][]] =>
    (json ? JSON.parse(new TextDecoder().decode(bytes)) : decode(bytes)) as never;
  let next = 7;
  const seen: unknown[][] = [];
  for (const piece of pieces) {
    assert.ok(piece.payload.byteLength <= bytesMax);
    const [version, stream, first, held] = read(piece.payload);
    assert.deepEqual([version, stream, first, held.length], [1, "s", next, piece.count]);
    assert.equal(piece.first, next);
    next += piece.count;
    seen.push(...held);
  }
  assert.equal(next, 7 + items.length, "no number is missing");
  return { pieces: pieces.length, seen, oversized };
}

const message = (index: number, data: string): unknown[] => ["message", `n.${index}`, 1, data];

test("a batch that fits stays whole; a larger one goes in pieces, numbers and order kept", () => {
  const items = Array.from({ length: 33 }, (_, index) => message(index, "x".repeat(index * 5)));
  assert.equal(fitted(items, 10_000).pieces, 1);
  const { pieces, seen, oversized } = fitted(items, 300);
  assert.ok(pieces > 10);
  assert.deepEqual(seen, items);
  assert.deepEqual(oversized, []);
});

test("the room before a batch goes with these bytes alone", () => {
  const bytes = codec.values.encodeValue([1, "s", 7, [message(1, "a".repeat(50))]]);
  const payload = new Uint8Array([0, 0, ...bytes]).subarray(2);
  const splitter = new BatchSplitter(codec.values, channelOf(100));
  const rooms = (json: boolean, count = 1): unknown[] =>
    splitter.split({ first: 7, count, payload, room: 2 }, json).map(({ room = 0 }) => room);
  assert.deepEqual(rooms(false), [2]);
  assert.deepEqual(rooms(true), [0]);
  const small = new BatchSplitter(codec.values, channelOf(60));
  const pieces = small.split({ first: 7, count: 1, payload, room: 2 }, false);
  const found = pieces.map(({ room = 0 }) => room);
  assert.deepEqual(found, [0]);
});

test("what JSON makes larger is split for what it is then", () => {
  const items = Array.from({ length: 8 }, (_, index) => message(index, "\u0001".repeat(50)));
  assert.equal(fitted(items, 900).pieces, 1);
  const { pieces, seen } = fitted(items, 900, true);
  assert.ok(pieces > 1);
  assert.deepEqual(seen, items);
});

test("an item that fits no packet leaves its number to an empty one, and is told of", () => {
  const items = [message(1, "a"), message(2, "b".repeat(500)), message(3, "c")];
  const { seen, oversized } = fitted(items, 100);
  assert.deepEqual(seen, [items[0], ["alive", ["n.2"]], items[2]]);
  assert.deepEqual(oversized, ["n.2"]);
});

test("acks that fit no packet together go in several, each of them once and in order", () => {
  const acks = Array.from({ length: 4_096 }, (_, index) => ["ack", `stream-${index}`, index]);
  const bare = (bytesMax: number): Uint8Array[] =>
    new BatchSplitter(codec.values, channelOf(bytesMax)).splitBare(acks, false);
  const payloads = bare(2_000);
  assert.ok(payloads.every((payload) => payload.byteLength <= 2_000));
  const found = payloads.flatMap((payload) => decode(payload));
  assert.deepEqual(found, acks);
  assert.equal(bare(1_000_000).length, 1);
});

test("alive items name every connection once, each small enough", () => {
  const small = channelOf(2_000);
  const ids = Array.from({ length: 300 }, (_, index) => `n.${"A".repeat(23)}${100 + index}`);
  const items = aliveItems(small, ids);
  const parts = items.flatMap(([, part]) => part);
  assert.deepEqual(parts, ids);
  for (const item of items) {
    assert.ok(codec.values.encodeValue(item).length <= batchBytesTarget(small));
  }
});

/** A window, and the items of its stream, each in a batch of its own. */
class Rig {
  readonly window: StreamWindow;
  readonly #sizes: number[] = [];
  #acknowledged = 0;

  constructor(bytesMax: number, itemsMax: number) {
    this.window = new StreamWindow(this, bytesMax, itemsMax);
  }

  get items(): number {
    return this.#sizes.length - this.#acknowledged;
  }

  get bytes(): number {
    return this.#sizes.slice(this.#acknowledged).reduce((sum, bytes) => sum + bytes, 0);
  }

  write(bytes: number): void {
    this.#sizes.push(bytes);
    this.window.took();
  }

  /** A handshake's `connect`. */
  knock(bytes: number): void {
    this.window.wroteConnect(this.#sizes.length + 1, bytes);
    this.write(bytes);
  }

  acknowledge(count: number): void {
    this.#acknowledged = count;
    this.window.acknowledged(count);
  }
}

test("handshakes fill a budget of their own, by bytes", () => {
  const rig = new Rig(1_000, 1e6);
  const { window } = rig;
  rig.knock(limits.handshakeBytesMax - 1);
  assert.deepEqual([window.connectsFull, window.full, window.closed], [false, false, false]);
  rig.knock(1);
  assert.deepEqual([window.connectsFull, window.full, window.closed], [true, false, false]);
  rig.write(999);
  assert.equal(window.full, false);
  rig.write(1);
  assert.equal(window.full, true, "live traffic has its own");
  rig.acknowledge(2);
  assert.deepEqual([window.connectBytes, window.connectsFull, window.full], [0, false, true]);
  rig.acknowledge(4);
  assert.deepEqual([rig.bytes, window.full], [0, false]);
});

test("handshakes never close the window of live traffic, by items", () => {
  const itemsMax = 2 * limits.handshakeItemsMin;
  const rig = new Rig(1e9, itemsMax);
  const { window } = rig;
  while (!window.connectsFull) rig.knock(10);
  assert.deepEqual([rig.items, window.closed], [itemsMax - 1, false]);
  for (let live = 0; live < itemsMax; live++) {
    assert.equal(window.closed, false);
    rig.write(10);
  }
  assert.equal(window.full, true);
});

test("an origin that takes one event at a time gets one handshake at a time", () => {
  const rig = new Rig(1e9, 1);
  const { window } = rig;
  rig.knock(10);
  assert.deepEqual([window.closed, window.full, window.connectsFull], [true, false, false]);
  rig.acknowledge(1);
  assert.equal(window.closed, false);
});

test("a flood of handshakes pauses no socket, closes none and keeps nobody else out", async () => {
  const rig = await HandshakeRig.start({ windowBytesMax: 65_536, headers: ["x-fill"] });
  const index = await rig.ask();
  await rig.decide(["accept", rig.asked()[0], {}]);
  const socket = rig.open(index);
  await rig.rest();
  // Nothing is confirmed from now on.
  rig.broker.up = false;
  const waiting: number[] = [];
  for (let asked = 0; asked < 30; asked++)
    waiting.push(await rig.ask({ "x-fill": "x".repeat(8_000) }));
  for (const one of waiting) assert.equal(rig.answers[one], undefined, "it waits");
  socket.receive("hello");
  await rig.rest();
  assert.equal(rig.node.metrics.value("wss_reading_paused_total"), 0);
  assert.deepEqual(socket.delivered, []);
  rig.broker.up = true;
  await rig.wait(5_000);
  socket.cut();
});

test("a handshake that is answered while an older one waits leaves the budget", () => {
  const rig = new Rig(1_000, 1e6);
  const { window } = rig;
  rig.knock(limits.handshakeBytesMax - 10);
  rig.knock(6);
  rig.knock(4);
  assert.equal(window.connectsFull, true);
  window.acknowledgedBeyond(1, 2);
  assert.deepEqual(
    [window.connectBytes, window.connectsFull],
    [limits.handshakeBytesMax - 6, false],
  );
  rig.acknowledge(3);
  assert.equal(window.connectBytes, 0);
});
