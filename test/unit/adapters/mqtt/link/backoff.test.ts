import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../../../../adapters/mqtt/link/backoff.ts";
import { SeededRandom } from "../../../../support/memory/mod.ts";

test("the wait before connecting again doubles to its limit, with jitter", () => {
  const backoff = new Backoff(new SeededRandom(7));
  const waits = Array.from({ length: 10 }, () => backoff.next());
  waits.forEach((wait, index) => {
    const step = Math.min(200 * 2 ** index, 10_000);
    assert.ok(wait >= step / 2 && wait <= step, `${index}: ${wait}`);
  });
  assert.ok(new Set(waits.slice(6)).size > 1, "jitter");
  backoff.reset();
  assert.ok(backoff.next() <= 200);
});
