import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import {
  base64,
  fromBase64,
  parseShallow,
  readJson,
  readMessagePack,
} from "../../../../adapters/http-wire/mod.ts";
import { utf8 } from "../../../vectors/hex.ts";

test("standard base64 with padding is read, and nothing else", () => {
  for (const length of [0, 1, 2, 3, 4, 5, 300]) {
    const bytes = Uint8Array.from({ length }, (_, at) => 255 - at);
    assert.deepEqual(fromBase64(base64(bytes)), bytes);
  }
  assert.deepEqual(fromBase64("AAEC\r\nAw==\n"), Uint8Array.of(0, 1, 2, 3));
  const wrong = ["A", "AA", "AAA", "AA=", "A===", "====", "==", "AA==AAAA", "AAAA=", "AA-_"];
  for (const text of [...wrong, "AAA=A", "AA= =", " AAAA", "AAA\u00e9"]) {
    assert.equal(fromBase64(text), undefined, text);
  }
});

test("base64 of the largest message is read: in fours it is too much for V8 and JSC", () => {
  const bytes = new Uint8Array(16 * 1_048_576).fill(7);
  const text = base64(bytes);
  assert.equal(fromBase64(text)?.length, bytes.length);
  assert.equal(fromBase64(`${text.slice(0, -1)}-`), undefined);
});

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

/** One value of every kind that MessagePack has, with bytes in it that are no text. */
const values: readonly unknown[] = [
  ...[null, true, false, 0, -1, 127, 128, 40_000, 3e9, 2 ** 53 - 1, -33, -200, -4e4, -3e9, 0.5],
  ...["", "é", "x".repeat(31), "é".repeat(40), "x".repeat(300), "😀".repeat(20_000)],
  ...[1, 300, 70_000].map((length) => new Uint8Array(length).fill(0xff)),
  new Date(0),
  new Date(1.5e12 + 1),
  new Date(2 ** 36),
  Array.from({ length: 20 }, (_, at) => at),
  Array.from({ length: 70_000 }, () => "x"),
  Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`é${at}`, new Uint8Array([0xd9])])),
];

test("whatever MessagePack can write is read", () => {
  for (const value of [...values, values]) {
    assert.deepEqual(readMessagePack(encode(value, { forceFloat32: false })), value);
  }
  const extensions = [0xd4, 0xd5, 0xd6, 0xd7, 0xd8].map((type, power) => [
    type,
    5,
    ...Array<number>(2 ** power).fill(0xa1),
  ]);
  const others = [
    [0xca, 0, 0, 0, 0],
    [0xc7, 2, 5, 0xff, 0xff],
    [0xc8, 0, 1, 5, 0xff],
    [0xc9, 0, 0, 0, 1, 5, 0xff],
    [0xde, 0, 1, 0xa1, 0x78, 1],
    [0xdf, 0, 0, 0, 1, 0xa1, 0x78, 1],
  ];
  for (const bytes of [...extensions, ...others]) readMessagePack(Uint8Array.from(bytes));
});

test("a text that is not UTF-8 is refused with its place, wherever it stands", () => {
  for (const value of values) {
    const before = encode(value);
    const texts = [
      [0xa1, 0xff],
      [0xd9, 1, 0xff],
      [0xda, 0, 2, 0xc3, 0x28],
      [0xdb, 0, 0, 0, 1, 0x80],
    ];
    for (const text of texts) {
      const body = Uint8Array.from([0x92, ...before, ...text]);
      const message = `the text at byte ${1 + before.length} of the body is not UTF-8`;
      assert.throws(() => readMessagePack(body), { code: "batch-malformed", message });
    }
  }
});

test("what is no MessagePack is refused", () => {
  for (const bytes of [[], [0xc1], [0x92, 1], [0xa2, 0x78], [1, 2]]) {
    const message = "the body is not MessagePack";
    assert.throws(() => readMessagePack(Uint8Array.from(bytes)), { message });
  }
});

test("a body that tells of more elements than it has bytes is refused, not made room for", () => {
  const message = "the body is not MessagePack: it tells of more elements than it has bytes";
  for (const bytes of [
    // Each of these three bytes would take 128 KiB.
    Array.from({ length: 30 }, () => [0xdc, 0x3f, 0xff]).flat(),
    [0xdd, 0xff, 0xff, 0xff, 0xff],
    [0xde, 0, 3, 1, 1],
    [0xdf, 0, 0, 1, 0, 1],
    [0x93, 1],
    [0x82, 1, 1],
  ]) {
    assert.throws(() => readMessagePack(Uint8Array.from(bytes)), { message });
  }
});

test("a body that nests without end is refused before it is decoded", () => {
  const message = "the body is nested too deeply: a batch may have 32 levels of arrays and maps";
  const deep = (levels: number): Uint8Array => {
    return Uint8Array.from([0x92, 1, ...Array<number>(levels - 1).fill(0x91), 1]);
  };
  assert.throws(() => readMessagePack(deep(1_001)), { code: "batch-malformed", message });
  assert.ok(Array.isArray(readMessagePack(deep(1_000))));
  // One behind the other they nest no deeper.
  const flat = Array.from({ length: 2_000 }, () => [[1, { a: [] }], {}]);
  assert.deepEqual(readMessagePack(encode(flat)), flat);
});
