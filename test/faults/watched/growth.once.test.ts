import assert from "node:assert/strict";
import { test } from "node:test";
import { growthOf, growthTable } from "./growth.ts";

const climb = (step: number): number[] =>
  Array.from({ length: 100 }, (_, at) => 1_000 + step * at);
const series = (samples: readonly number[], slack = 0) => ({ name: "heap", samples, slack });

test("growth: what climbs on and on grows; what is flat, noisy or warms up does not", () => {
  assert.equal(growthOf(series(climb(2))).grows, true);
  assert.equal(growthOf(series(climb(0.5))).grows, false);
  assert.equal(growthOf(series(climb(2), 200)).grows, false);
  assert.equal(growthOf(series(climb(0).map((one, at) => one + 300 * (at % 2)))).grows, false);
  const warm = climb(0).map((one, at) => (at < 20 ? one / 3 : one));
  assert.deepEqual(growthOf(series(warm)), { name: "heap", from: 1_000, to: 1_000, grows: false });
});

test("growth: what could not be read is no proof", () => {
  assert.equal(growthOf(series(climb(0).map(() => Number.NaN))).grows, true);
  assert.throws(() => growthOf(series([1, 2, 3])), /too few/);
});

test("growth: the table says from, to and the verdict", () => {
  const growths = [growthOf(series(climb(2))), growthOf(series(climb(0)))];
  const [, , first = "", second = ""] = growthTable(growths).split("\n");
  assert.equal(first, "| heap | 1,060 | 1,180 | +11.3 % | grows |");
  assert.equal(second, "| heap | 1,000 | 1,000 | +0.0 % | flat |");
});
