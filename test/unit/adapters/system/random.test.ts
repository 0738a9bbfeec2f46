import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemRandom } from "../../../../adapters/system/mod.ts";
import { randomConformance } from "../../../conformance/random.ts";
import { SeededRandom } from "../../../support/memory/mod.ts";

randomConformance("SystemRandom", () => new SystemRandom());
randomConformance("SeededRandom", () => new SeededRandom(1));

test("SeededRandom: the same seed gives the same bytes, another one others", () => {
  const bytes = (seed: number): string => new SeededRandom(seed).fill(new Uint8Array(8)).join(" ");
  assert.equal(bytes(7), bytes(7));
  assert.notEqual(bytes(7), bytes(8));
});

test("SeededRandom: below stays below and reaches both ends", () => {
  const random = new SeededRandom(3);
  const seen = new Set(Array.from({ length: 200 }, () => random.below(5)));
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4]);
});
