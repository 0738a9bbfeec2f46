import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8Exceeds } from "../../../../core/base/mod.ts";

test("a text's bytes are counted as UTF-8", () => {
  assert.equal(utf8Exceeds("ää", 3), true);
  assert.equal(utf8Exceeds("ää", 4), false);
  assert.equal(utf8Exceeds("abcd", 4), false);
  assert.equal(utf8Exceeds("abcde", 4), true);
});
