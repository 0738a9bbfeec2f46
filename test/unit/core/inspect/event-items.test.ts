import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { eventItems, seqOf, valueHead } from "../../../../core/inspect/event-items.ts";
import { previewOf } from "../../../../core/inspect/preview.ts";

const decoder = new TextDecoder();

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small" },
    fc.string({ maxLength: 300 }),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("any"), { maxLength: 20 }),
    fc.dictionary(fc.string(), tie("any"), { maxKeys: 20 }),
  ),
})).any;

const item = fc.tuple(
  fc.constantFrom("open", "message", "close", "alive", "reply"),
  fc.oneof(fc.string({ maxLength: 70 }), fc.array(fc.string())),
  fc.nat(2 ** 32 - 1),
  value,
);

test("the items of a batch are found, whatever is in them", () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 40 }), fc.nat(2 ** 40), (items, first) => {
      const batch = encode([1, "n:i:0", first, items]);
      const read = [...eventItems(batch)];
      assert.equal(read.length, items.length);
      for (const [index, found] of read.entries()) {
        const [verb, id, seq, data] = items[index] as [string, unknown, number, unknown];
        assert.deepEqual([found.verb, found.elements], [verb, 4]);
        assert.deepEqual(batch.slice(found.start, found.end), encode(items[index]));
        const told = decoder.decode(batch.subarray(found.idStart, found.idEnd));
        assert.equal(told, typeof id === "string" ? id : "");
        const { seq: number, at } = seqOf(batch, found);
        assert.equal(number, seq);
        const head = valueHead(batch, at);
        const kind = typeof data === "string" ? "text" : "other";
        assert.equal(head.kind, data instanceof Uint8Array ? "binary" : kind);
        if (typeof data === "string") {
          assert.equal(decoder.decode(batch.subarray(head.start, head.end)), data);
        }
      }
    }),
  );
});

test("a preview is cut between characters, and says so", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  assert.deepEqual(previewOf(bytes("short"), true), { bytes: 5, text: "short" });
  const long = previewOf(bytes("é".repeat(300)), true);
  assert.deepEqual(long, { bytes: 600, text: "é".repeat(256), cut: true });
  const uneven = previewOf(bytes(`a${"é".repeat(300)}`), true);
  assert.equal(uneven.text, `a${"é".repeat(255)}`);
  assert.deepEqual(previewOf(Uint8Array.of(0, 255, 16), false), { bytes: 3, binary: "00ff10" });
  const binary = previewOf(new Uint8Array(257), false);
  assert.deepEqual([binary.bytes, binary.binary?.length, binary.cut], [257, 512, true]);
});
