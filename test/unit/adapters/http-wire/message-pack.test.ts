import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { readMessagePack } from "../../../../adapters/http-wire/mod.ts";

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
