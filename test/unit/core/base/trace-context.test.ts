import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseTraceparent, writeTraceparent } from "../../../../core/base/mod.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const good = `00-${traceId}-${spanId}-01`;

test("a traceparent of W3C Trace Context is read, with its flag", () => {
  assert.deepEqual(parseTraceparent(good), { traceId, spanId, sampled: true });
  assert.equal(parseTraceparent(`00-${traceId}-${spanId}-00`)?.sampled, false);
  // Other bits of the flags say nothing of sampling.
  assert.equal(parseTraceparent(`00-${traceId}-${spanId}-fe`)?.sampled, false);
  assert.equal(parseTraceparent(`00-${traceId}-${spanId}-03`)?.sampled, true);
  assert.deepEqual(parseTraceparent(`cc-${traceId}-${spanId}-01`)?.traceId, traceId);
});

const wrong: readonly (readonly [what: string, value: unknown])[] = [
  ["nothing", ""],
  ["no text", 7],
  ["no text", undefined],
  ["null", null],
  ["an object", { traceId }],
  ["too short", good.slice(1)],
  ["too long", `${good}0`],
  ["longer, of version 00", `${good}-00`],
  ["two headers", `${good}, ${good}`],
  ["a space", ` ${good.slice(1)}`],
  ["capitals in the trace", good.replace("0af", "0AF")],
  ["capitals in the span", good.replace("b7ad", "B7AD")],
  ["a letter that is no digit", good.replace("0af", "0ag")],
  ["no version", `ff-${traceId}-${spanId}-01`],
  ["a trace of zeros", `00-${"0".repeat(32)}-${spanId}-01`],
  ["a span of zeros", `00-${traceId}-${"0".repeat(16)}-01`],
  ["flags that are no digits", `00-${traceId}-${spanId}-0x`],
  ["a version that is no digits", `0x-${traceId}-${spanId}-01`],
  ["another divider", good.replaceAll("-", "_")],
  ["the first divider", `00_${traceId}-${spanId}-01`],
  ["the second divider", `00-${traceId}_${spanId}-01`],
  ["the last divider", `00-${traceId}-${spanId}_01`],
  ["a line end", `${good.slice(0, 53)}\r\n`],
  ["much", "0".repeat(1_000_000)],
];

for (const [what, value] of wrong) {
  test(`no traceparent: ${what} (${String(value).slice(0, 20)})`, () => {
    assert.equal(parseTraceparent(value), undefined);
  });
}

const hex = (length: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => /[^0]/.test(text));

test("what is written is read again", () => {
  fc.assert(
    fc.property(hex(32), hex(16), fc.boolean(), (trace, span, sampled) => {
      const context = { traceId: trace, spanId: span, sampled };
      assert.deepEqual(parseTraceparent(writeTraceparent(context)), context);
    }),
  );
});

test("whatever is read is 55 characters that are safe in a header", () => {
  const byte = fc.constantFrom(..."0123456789abcdef-ABg \r\n,;=é");
  const mutated = fc.tuple(fc.integer({ min: 0, max: 54 }), byte).map(([at, character]) => {
    return `${good.slice(0, at)}${character}${good.slice(at + 1)}`;
  });
  const any = fc.oneof(fc.string(), fc.string({ minLength: 55, maxLength: 55 }), mutated);
  fc.assert(
    fc.property(any, (text) => {
      if (parseTraceparent(text) === undefined) return;
      assert.match(text, /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
    }),
    { numRuns: 5_000 },
  );
});
