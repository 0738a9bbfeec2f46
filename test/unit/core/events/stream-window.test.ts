import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { StreamWindow } from "../../../../core/events/stream-window.ts";
import { HandshakeRig } from "../../../support/memory-node/handshake-rig.ts";

const batch = (first: number, bytes: number): Parameters<StreamWindow["push"]>[0] => ({
  ...{ first, count: 1, payload: new Uint8Array(bytes) },
});

/** A handshake's `connect`, in a batch of its own. */
function knock(window: StreamWindow, first: number, bytes: number): void {
  window.wroteConnect(first + 1, bytes);
  window.push(batch(first, bytes));
}

test("handshakes fill a budget of their own, by bytes", () => {
  const window = new StreamWindow({ windowBytesMax: 1_000, windowItemsMax: 1e6 });
  knock(window, 0, limits.handshakeBytesMax - 1);
  assert.deepEqual([window.connectsFull, window.full, window.closed], [false, false, false]);
  knock(window, 1, 1);
  assert.deepEqual([window.connectsFull, window.full, window.closed], [true, false, false]);
  window.push(batch(2, 999));
  assert.equal(window.full, false);
  window.push(batch(3, 1));
  assert.equal(window.full, true, "live traffic has its own");
  while (window.publishNext() !== undefined);
  window.confirm(2);
  assert.deepEqual([window.connectBytes, window.connectsFull, window.full], [0, false, true]);
  window.confirm(4);
  assert.deepEqual([window.bytes, window.full], [0, false]);
});

test("handshakes never close the window of live traffic, by items", () => {
  const itemsMax = 2 * limits.handshakeItemsMin;
  const window = new StreamWindow({ windowBytesMax: 1e9, windowItemsMax: itemsMax });
  let first = 0;
  while (!window.connectsFull) knock(window, first++, 10);
  assert.deepEqual([first, window.closed], [itemsMax - 1, false]);
  for (let live = 0; live < itemsMax; live++) {
    assert.equal(window.closed, false);
    window.push(batch(first++, 10));
  }
  assert.equal(window.full, true);
});

test("an origin that takes one event at a time gets one handshake at a time", () => {
  const window = new StreamWindow({ windowBytesMax: 1e9, windowItemsMax: 1 });
  knock(window, 0, 10);
  assert.deepEqual([window.closed, window.full, window.connectsFull], [true, false, false]);
  window.publishNext();
  window.confirm(1);
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
