import assert from "node:assert/strict";
import { test } from "node:test";
import { BackEnds } from "../../../../../adapters/http-origin/requests/back-ends.ts";
import { Semaphore } from "../../../../../adapters/http-origin/requests/semaphore.ts";

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

test("permits are given in order, and to no request that has waited too long", async () => {
  let now = 0;
  const semaphore = new Semaphore(1, () => now);
  assert.ok(semaphore.take());
  assert.ok(!semaphore.take());
  const waiting = [semaphore.wait(5), semaphore.wait(100), semaphore.wait(100)];
  now = 10;
  semaphore.release();
  assert.equal(await waiting[0], false);
  assert.equal(await waiting[1], true);
  semaphore.release();
  assert.equal(await waiting[2], true);
  semaphore.release();
  assert.ok(semaphore.take());
});

test("no more wait for a permit than the limit allows", async () => {
  const semaphore = new Semaphore(1, () => 0, 2);
  assert.ok(semaphore.take());
  const waiting = [semaphore.wait(9), semaphore.wait(9)];
  assert.equal(await semaphore.wait(9), false);
  semaphore.release();
  assert.equal(await waiting[0], true);
  const third = semaphore.wait(9);
  semaphore.release();
  semaphore.release();
  assert.deepEqual([await waiting[1], await third], [true, true]);
});

test("a long line of requests is served in its order, and its places are used again", async () => {
  const count = 5_000;
  const semaphore = new Semaphore(1, () => 0, count);
  assert.ok(semaphore.take());
  const served: number[] = [];
  const wait = (number: number): void => {
    void semaphore.wait(9).then((granted) => granted && served.push(number));
  };
  for (let number = 0; number < count; number++) wait(number);
  assert.equal(await semaphore.wait(9), false, "the line is full");
  for (let number = count; number < 2 * count; number++) {
    semaphore.release();
    wait(number);
  }
  for (let number = 0; number < count; number++) semaphore.release();
  await Promise.resolve();
  assert.deepEqual(served, [...Array(2 * count).keys()]);
  semaphore.release();
  assert.ok(semaphore.take());
});
