import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { readMessagePack } from "../../../../adapters/http-wire/mod.ts";
import { printJson } from "../../../../wasm/values/json.ts";
import { PlainValues } from "../../../../wasm/values/mod.ts";

const values = new PlainValues();
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The plain way: values in between. */
function viaValues(bytes: Uint8Array): string {
  return text(printJson(values.decodeValue(bytes)));
}

function hasUtf8Texts(bytes: Uint8Array): boolean {
  try {
    readMessagePack(bytes);
    return true;
  } catch {
    return false;
  }
}

const edges: readonly unknown[] = [
  [],
  "",
  "a".repeat(31),
  "a".repeat(32),
  "a".repeat(255),
  "a".repeat(256),
  "a".repeat(65_536),
  "a".repeat(200_000),
  'quote " backslash \\ control \u0000 \u001f delete \u007f é 😀 \u2028',
  0,
  9,
  10,
  127,
  128,
  255,
  256,
  65_535,
  65_536,
  4_294_967_295,
  4_294_967_296,
  -1,
  -32,
  -33,
  1.5,
  Number.MAX_SAFE_INTEGER,
  null,
  true,
  new Uint8Array([0, 255]),
  { a: 1, é: [new Uint8Array(1)] },
  Array.from({ length: 16 }, (_, index) => index),
  Array.from({ length: 70_000 }, (_, index) => index),
];

test("a batch is printed as its values are: edges of the lengths", () => {
  for (const value of edges) {
    for (const whole of [value, [value], ["message", "n.a", 1, value, { state: value }]]) {
      const bytes = encode(whole);
      assert.equal(text(values.toJson(bytes)), viaValues(bytes));
    }
  }
});

const leaf = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string(),
  fc.integer(),
  fc.nat(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 40 }),
);
const any = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("node"), { maxLength: 20 }),
    fc.dictionary(fc.string(), tie("node"), { maxKeys: 5 }),
  ),
})).node;

test("a batch is printed as its values are: any values", () => {
  fc.assert(
    fc.property(any, (value) => {
      const bytes = encode(value);
      assert.equal(text(values.toJson(bytes)), viaValues(bytes));
    }),
    { numRuns: 2_000 },
  );
});

test("a batch is printed as its values are: any bytes that are one value", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      let expected: string;
      try {
        expected = viaValues(bytes);
      } catch {
        assert.throws(() => values.toJson(bytes));
        return;
      }
      const printed = text(values.toJson(bytes));
      // What stands for bytes that are not UTF-8 is for each decoder to choose.
      if (hasUtf8Texts(bytes)) assert.equal(printed, expected);
    }),
    { numRuns: 5_000 },
  );
});

test("a text that is not UTF-8 is printed all the same", () => {
  const printed = text(values.toJson(Uint8Array.of(147, 163, 0, 224, 0, 1, 0)));
  assert.equal(JSON.parse(printed)[1], 1);
});

test("what is nested as deeply as can be decoded is printed", () => {
  let value: unknown = { deep: [1] };
  for (let level = 0; level < 36; level++) value = [value];
  const bytes = encode(value);
  assert.equal(text(values.toJson(bytes)), JSON.stringify(decode(bytes)));
});
