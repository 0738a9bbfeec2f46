import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import {
  type BatchListener,
  BatchReader,
} from "../../../../../adapters/origin/receive/batch-reader.ts";
import type { ServiceError } from "../../../../../core/base/mod.ts";
import { fuzzSeed } from "../../../../vectors/dice.ts";
import { binary, datas } from "../message-data.ts";

type Read = { begun: unknown[][]; items: unknown[][]; errors: ServiceError[] };

function read(payload: Uint8Array, skip = 0): Read {
  const result: Read = { begun: [], items: [], errors: [] };
  const sink: BatchListener = {
    began: (...header) => {
      result.begun.push(header);
      return skip;
    },
    message: (bytes, start, end, seq, data) => {
      const id = new TextDecoder().decode(bytes.subarray(start, end));
      result.items.push(["message", id, seq, data]);
    },
    item: (item) => result.items.push([...item]),
    refused: (error) => result.errors.push(error),
  };
  new BatchReader(sink).read(payload);
  return result;
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const id = "n1.AAAAabcdefghijklmnopqrstuv";

test("messages of every size are read as they were written, among other items", () => {
  const items = datas.flatMap((data, index) => [
    ["message", id, index * 40_000, data],
    ["open", id, 0, { path: "/", headers: { a: "b" }, list: [1, -1, 1.5, null, true, 2 ** 40] }],
    ["message", "short.x", 2 ** 33 + index, data],
    ["close", id, 3, 1000, "", "client"],
  ]);
  const { begun, items: seen, errors } = read(encode([1, "n1:inc:0", 5, items]));
  assert.deepEqual(errors, []);
  assert.deepEqual(begun, [["n1:inc:0", 5, items.length]]);
  assert.deepEqual(seen, items);
  assert.deepEqual(read(encode(items)).items, items, "bare");
  assert.deepEqual(read(encode(items), 2).items, items.slice(2), "skipped");
});

test("JSON batches are read, binary data is bytes", () => {
  const wire = [
    ["message", id, 1, "text"],
    ["message", id, 2, { $binary: "AAH+/w==" }],
    ["open", id, 0, { path: "/" }],
  ];
  const items = [wire[0], ["message", id, 2, binary], wire[2]];
  assert.deepEqual(read(json([1, "s", 7, wire])), {
    begun: [["s", 7, 3]],
    items,
    errors: [],
  });
  assert.deepEqual(read(json(wire)).items, items);
  assert.deepEqual(read(json(wire), 1).items, items.slice(1));
});

test("unknown elements and verbs do no harm", () => {
  const items = [
    ["message", id, 1, "a", { state: [1, 2] }, "more"],
    ["news", 1, { a: 1 }],
    ["message"],
    ["message", 5, 1, "a"],
    ["message", id, -1, "a"],
    ["message", id, 1, null],
    ["message", id, 1, ["a"]],
    [],
  ];
  const { items: seen, errors } = read(encode([1, "s", 0, items]));
  assert.deepEqual(errors, []);
  assert.deepEqual(seen, [["message", id, 1, "a"], ...items.slice(1)]);
});

test("what is no batch is one error, cut at every byte", () => {
  const codesOf = (payload: Uint8Array) => read(payload).errors.map(({ code }) => code);
  const [said, closed] = [
    ["message", id, 1, "hello"],
    ["close", id, 2, 1000, "", "x"],
  ];
  const whole = encode([1, "s", 0, [said, closed]]);
  for (let length = 0; length < whole.length; length++) {
    assert.deepEqual(codesOf(whole.slice(0, length)), ["batch-malformed"], `${length} bytes`);
  }
  const cases = [
    [encode([2, "s", 0, []]), "batch-version"],
    [json([2, "s", 0, []]), "batch-version"],
    [encode([1, "s"]), "batch-malformed"],
    [encode([1, 5, 0, []]), "batch-malformed"],
    [encode({ a: 1 }), "batch-malformed"],
    [encode("text"), "batch-malformed"],
    [encode([[1], 5]), "batch-malformed"],
    [Uint8Array.from([0xc1]), "batch-malformed"],
    [Uint8Array.from([0x91, 0xc1]), "batch-malformed"],
    [Uint8Array.from([0xdd, 0xff, 0xff, 0xff, 0xff]), "batch-malformed"],
    [json([1, "s", 0]), "batch-malformed"],
    [json([[1], 5]), "batch-malformed"],
    [new TextEncoder().encode("[oops"), "batch-malformed"],
    [Uint8Array.from([0x5b, 0x22, 0xff, 0x22, 0x5d]), "batch-malformed"],
  ] as const;
  for (const [payload, code] of cases) assert.deepEqual(codesOf(payload), [code]);
});

test("one bad item does not cost the rest of its batch", () => {
  const seen: unknown[] = [];
  const sink: BatchListener = {
    began: () => 0,
    message: () => {},
    item: ([verb]) => {
      if (verb === "bad") throw new TypeError("a handler of items that throws");
      seen.push(verb);
    },
    refused: ({ code }) => seen.push(code),
  };
  new BatchReader(sink).read(encode([1, "s", 0, [["bad"], ["alive", []]]]));
  assert.deepEqual(seen, ["batch-malformed", "alive"]);
});

test("a header that promises more items than bytes moves no stream", () => {
  const header = [0x94, 0x01, 0xa1, 0x73, 0x00, 0xdd, 0xff, 0xff, 0xff, 0xff];
  const { begun, errors } = read(Uint8Array.from(header));
  assert.deepEqual([begun, errors.map(({ code }) => code)], [[], ["batch-malformed"]]);
});

const seed = fuzzSeed(process.env.FUZZ_SEED);

test(`what any batch holds is read as the general decoder reads it (FUZZ_SEED=${seed})`, () => {
  // MessagePack's decoder refuses `__proto__`, which strings of any letters come to in the end.
  const key = fc.nat(99).map((number) => `k${number}`);
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      ...[
        fc.constant(null),
        fc.boolean(),
        fc.integer(),
        fc.maxSafeNat(),
        fc.double({ noNaN: true }),
      ],
      fc.nat(80).map((length) => "é".repeat(length)),
      fc.nat(400).map((length) => new Uint8Array(length).fill(length)),
      fc.array(tie("value"), { maxLength: 20, depthIdentifier: "value" }),
      fc.dictionary(key, tie("value"), { maxKeys: 20, noNullPrototype: true }),
    ),
  }));
  const verb = fc.constantFrom("message", "open", "messages", "m");
  const item = fc.tuple(
    verb,
    fc.oneof(fc.constant(id), value),
    fc.oneof(fc.nat(70_000), value),
    value,
  );
  const given = (items: readonly unknown[][]): void => {
    const payload = encode([1, "s", 0, items]);
    const { items: seen, errors } = read(payload);
    assert.deepEqual(errors, []);
    assert.deepEqual(seen, (decode(payload) as unknown[])[3]);
  };
  fc.assert(fc.property(fc.array(item, { maxLength: 20 }), given), { seed, numRuns: 300 });
});

test("a message may have a trace behind its state, and further elements behind that", () => {
  const seen: unknown[][] = [];
  const sink: BatchListener = {
    began: () => 0,
    message: (_bytes, _start, _end, seq, data, state, trace) =>
      void seen.push([seq, data, state, trace]),
    item: () => {},
    refused: (error) => void seen.push([error.code]),
  };
  const items = [
    ["message", id, 1, "a"],
    ["message", id, 2, "b", { s: 1 }],
    ["message", id, 3, "c", null, "trace"],
    ["message", id, 4, "d", "s", "trace", "new", { x: [1] }],
    ["message", id, 5, "e", null, { trace: 1 }],
    ["message", id, 6, "f"],
  ];
  const reader = new BatchReader(sink);
  for (const payload of [encode([1, "s", 0, items]), json([1, "s", 0, items])]) {
    reader.read(payload);
    assert.deepEqual(seen.splice(0), [
      [1, "a", undefined, undefined],
      [2, "b", { s: 1 }, undefined],
      [3, "c", undefined, "trace"],
      [4, "d", "s", "trace"],
      [5, "e", undefined, { trace: 1 }],
      [6, "f", undefined, undefined],
    ]);
  }
});
