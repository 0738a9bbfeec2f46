import assert from "node:assert/strict";
import { test } from "node:test";
import { LatestMap } from "../../../../core/base/latest-map.ts";
import { randomName } from "../../../../core/base/random.ts";
import { SeededRandom } from "../../../support/memory/mod.ts";

test("a latest map forgets what was set first, and what is set again counts as new", () => {
  const map = new LatestMap<string, number>(2);
  map.set("a", 1).set("b", 2).set("a", 3).set("c", 4);
  assert.deepEqual(
    [...map],
    [
      ["a", 3],
      ["c", 4],
    ],
  );
  assert.equal(map.take("a"), 3);
  assert.equal(map.take("a"), undefined);
  assert.equal(map.size, 1);
});

test("random names have the form of node and origin names", () => {
  const random = new SeededRandom(1);
  const names = new Set(Array.from({ length: 1_000 }, () => randomName(random, 12)));
  assert.equal(names.size, 1_000);
  for (const name of names) assert.match(name, /^[a-z0-5]{12}$/);
});
