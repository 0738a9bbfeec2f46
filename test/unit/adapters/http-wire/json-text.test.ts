import assert from "node:assert/strict";
import { test } from "node:test";
import { parseShallow, readJson } from "../../../../adapters/http-wire/mod.ts";
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

test("the place is not looked for in a long text: that would take seconds", () => {
  const long = `[${"0,".repeat(600_000)}x`;
  assert.throws(() => readJson(utf8(long)), { message: "the body is not JSON" });
});

test("a text that nests without end is refused before it is decoded", () => {
  const message = "the body is nested too deeply: a batch may have 32 levels of arrays and maps";
  const deep = (levels: number, open: string, close: string): Uint8Array =>
    utf8(`${open.repeat(levels)}1${close.repeat(levels)}`);
  for (const [open, close] of [
    ["[", "]"],
    ['{"a":', "}"],
  ] as const) {
    assert.throws(() => readJson(deep(1_001, open, close)), { code: "batch-malformed", message });
    assert.ok(readJson(deep(1_000, open, close)));
  }
  assert.throws(() => readJson(utf8("[".repeat(2_000))), { message });
  // One behind the other, and within texts, they nest no deeper.
  const flat = [...Array.from({ length: 1_000 }, () => [{ a: [] }]), '["[\\', "[".repeat(2_000)];
  assert.deepEqual(readJson(utf8(JSON.stringify(flat))), flat);
});

test("of somebody else's text, one that nests without end has no value", () => {
  const levels = (count: number): string => `${"[".repeat(count)}${"]".repeat(count)}`;
  assert.equal(parseShallow(levels(1_001)), undefined);
  assert.equal(parseShallow(utf8(levels(1_001))), undefined);
  assert.ok(parseShallow(levels(1_000)));
  assert.ok(parseShallow(utf8(levels(1_000))));
  assert.equal(parseShallow("x".repeat(2_000)), undefined);
  assert.equal(parseShallow(`"${"é".repeat(2_000)}"`), "é".repeat(2_000));
  assert.equal(parseShallow("1"), 1);
});
