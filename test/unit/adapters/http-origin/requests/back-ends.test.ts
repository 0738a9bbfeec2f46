import assert from "node:assert/strict";
import { test } from "node:test";
import { BackEnds } from "../../../../../adapters/http-origin/requests/back-ends.ts";
import { Slots } from "../../../../../adapters/http-origin/requests/slots.ts";

const none: readonly string[] = [];

/** Two URLs and the time. */
function rig(): { readonly ends: BackEnds; readonly time: { now: number } } {
  const time = { now: 0 };
  return { time, ends: new BackEnds(["a", "b"], () => time.now) };
}

test("the first URL that is not down gets every request", () => {
  const { ends, time } = rig();
  assert.equal(ends.next(none), "a");
  assert.equal(ends.next(["a"]), "b");
  ends.failed("a");
  assert.equal(ends.next(none), "b");
  time.now = 1_000;
  assert.equal(ends.next(none), "a", "one request finds out");
  assert.equal(ends.next(none), "b", "the others do not wait for it");
  ends.answered("a");
  assert.equal(ends.next(none), "a");
});

test("a URL that fails again is left alone for longer, 30 s at most", () => {
  const { ends, time } = rig();
  for (const pause of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    ends.failed("a");
    time.now += pause - 1;
    assert.equal(ends.next(none), "b");
    time.now += 1;
    assert.equal(ends.next(none), "a", String(pause));
  }
});

test("where all are down, the one is asked whose time is over first", () => {
  const { ends, time } = rig();
  ends.failed("a");
  time.now = 10;
  ends.failed("b");
  ends.failed("a");
  assert.equal(ends.next(none), "b");
});

test("slots are given in order, and to nobody who has waited too long", async () => {
  let now = 0;
  const slots = new Slots(1, () => now);
  assert.ok(slots.take());
  assert.ok(!slots.take());
  const waiting = [slots.wait(5), slots.wait(100), slots.wait(100)];
  now = 10;
  slots.release();
  assert.equal(await waiting[0], false);
  assert.equal(await waiting[1], true);
  slots.release();
  assert.equal(await waiting[2], true);
  slots.release();
  assert.ok(slots.take());
});

test("no more wait for a slot than the limit allows", async () => {
  const slots = new Slots(1, () => 0, 2);
  assert.ok(slots.take());
  const waiting = [slots.wait(9), slots.wait(9)];
  assert.equal(await slots.wait(9), false);
  slots.release();
  assert.equal(await waiting[0], true);
  const third = slots.wait(9);
  slots.release();
  slots.release();
  assert.deepEqual([await waiting[1], await third], [true, true]);
});
