import assert from "node:assert/strict";
import { test } from "node:test";
import { readJson } from "../../../../adapters/http-wire/mod.ts";
import { utf8 } from "../../../vectors/hex.ts";

/** Texts that are not JSON, and the place that the error names. */
const faults: readonly (readonly [text: string, place: string])[] = [
  ["", "it ends too early"],
  ["  ", "it ends too early"],
  ["[1, 2", "it ends too early"],
  ['{"a":', "it ends too early"],
  ["nil", "line 1, column 1"],
  ["[1,]", "line 1, column 4"],
  ["{,}", "line 1, column 2"],
  ['{"a":1,}', "line 1, column 8"],
  ['{"a" 1}', "line 1, column 6"],
  ["[1 2]", "line 1, column 4"],
  ["[1}", "line 1, column 3"],
  ["1 2", "line 1, column 3"],
  ["[\n  01\n]", "line 2, column 4"],
  ['["a\nb"]', "line 1, column 2"],
  ['["\\x"]', "line 1, column 2"],
  ['["open', "line 1, column 2"],
  ["[:]", "line 1, column 2"],
  ["{1:2}", "line 1, column 2"],
  ["]", "line 1, column 1"],
  ["[truely]", "line 1, column 6"],
];

test("the error for a text that is not JSON names the place, on every runtime the same", () => {
  for (const [text, place] of faults) {
    assert.throws(() => readJson(utf8(text)), {
      code: "batch-malformed",
      message: `the body is not JSON: ${place}`,
    });
  }
});

test("every JSON text is read, and no place is found in it", () => {
  const texts = ["null", "-0.5e+3", '"\\u00e9\\\\\\""', "[]", "{}", '[{"a":[1,{}],"b":null}]'];
  for (const text of texts) assert.deepEqual(readJson(utf8(` ${text}\r\n`)), JSON.parse(text));
});

test("a body that is not UTF-8 is refused as such", () => {
  assert.throws(() => readJson(Uint8Array.of(0x22, 0xff, 0x22)), {
    code: "batch-malformed",
    message: "the body is not UTF-8",
  });
});

test("a body is read whatever came before it: no UTF-8, or half a character", () => {
  const { buffer } = Uint8Array.of(0x22, 0xc3);
  for (const bytes of [new Uint8Array(buffer), Uint8Array.of(0xff, 0x22)]) {
    assert.throws(() => readJson(bytes), /not UTF-8/);
    assert.equal(readJson(utf8('"ä"')), "ä");
  }
});
