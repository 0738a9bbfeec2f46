import assert from "node:assert/strict";
import { test } from "node:test";
import { Signer } from "../../../../../adapters/http-origin/mod.ts";
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

/** The example of the Standard Webhooks libraries. */
const vector = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  seconds: 1_614_265_330,
  body: '{"test": 2432232314}',
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
} as const;

test("a request is signed as the Standard Webhooks libraries sign it", () => {
  const { secret, id, seconds, body, signature } = vector;
  const expected = {
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": signature,
  };
  assert.deepEqual(new Signer(secret).sign(id, seconds * 1_000 + 999, body), expected);
  const bytes = new TextEncoder().encode(body);
  assert.deepEqual(new Signer(secret).sign(id, seconds * 1_000, bytes), expected);
});

test("another text is the key itself, and several secrets sign side by side", () => {
  const plain = new Signer("secret").sign("a", 1_000, "{}")["webhook-signature"];
  const same = `whsec_${btoa("secret")}`;
  assert.equal(new Signer(same).sign("a", 1_000, "{}")["webhook-signature"], plain);
  const both = new Signer(`secret ${vector.secret}`).sign("a", 1_000, "{}");
  const second = new Signer(vector.secret).sign("a", 1_000, "{}");
  assert.equal(both["webhook-signature"], `${plain} ${second["webhook-signature"]}`);
});

test("id, time and body are all signed", () => {
  const signer = new Signer("secret");
  const base = signer.sign("a", 1_000, "{}")["webhook-signature"];
  for (const other of [
    signer.sign("b", 1_000, "{}"),
    signer.sign("a", 2_000, "{}"),
    signer.sign("a", 1_000, "[]"),
  ]) {
    assert.notEqual(other["webhook-signature"], base);
  }
});
