import assert from "node:assert/strict";
import { test } from "node:test";
import { readTexts } from "../../support/tidy/files.ts";
import { overweight, pageWordsMax, sumOf, weightsOf } from "../../support/tidy/weights.ts";

test("weights: the docs and each page of prose are within their budgets", () => {
  assert.deepEqual(overweight(weightsOf(readTexts())), []);
});

test("weights: words and lines are counted by page and room, and too many are told", () => {
  const words = (count: number): string => "word ".repeat(count);
  const texts = new Map([
    ["README.md", "# One\n\ntwo three\n"],
    ["docs/long.md", words(pageWordsMax + 1)],
    ["docs/errors.md", words(66_000)],
    ["CHANGELOG.md", words(90_000)],
    ["core/app.ts", "a\n\n b\n"],
    ["core/base/time.ts", "a\n"],
    ["test/unit/a.test.ts", "a\nb\n"],
  ]);
  const weights = weightsOf(texts);
  assert.deepEqual(weights.pages.get("README.md"), 4);
  assert.deepEqual(Object.fromEntries(weights.rooms), { core: 2, "core/base": 1 });
  assert.equal(sumOf(weights.tests), 2);
  assert.deepEqual(overweight(weights), [
    "docs/long.md has 4001 words, more than 4000",
    "the docs have 70005 words, more than 70000",
  ]);
});
