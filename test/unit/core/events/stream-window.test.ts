import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { StreamWindow } from "../../../../core/events/stream-window.ts";
import { HandshakeRig } from "../../../support/memory-node/handshake-rig.ts";

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
