import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "../../../../core/base/mod.ts";

test("JSON is read from text and from UTF-8; anything else is undefined", () => {
  assert.deepEqual(parseJson('["é"]'), ["é"]);
  assert.deepEqual(parseJson(new TextEncoder().encode('["é"]')), ["é"]);
  assert.equal(parseJson("null"), null);
  for (const text of ["", "[", "undefined", Uint8Array.of(0x22, 0xff, 0x22)]) {
    assert.equal(parseJson(text), undefined);
  }
});
