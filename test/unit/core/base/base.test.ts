import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LatestMap } from "../../../../core/base/latest-map.ts";
import {
  afterAwake,
  ErrorCode,
  errorCodeOf,
  isErrorCode,
  isGroupName,
  limits,
  packAddress,
  parseJson,
  parseTraceparent,
  ReportTimes,
  unpackAddress,
  utf8Exceeds,
  writeTraceparent,
} from "../../../../core/base/mod.ts";
import { randomName } from "../../../../core/base/random.ts";
import { ManualClock, SeededRandom } from "../../../support/memory/mod.ts";

test("every error code has a number of its own", () => {
  const numbers = Object.values(ErrorCode);
  assert.equal(new Set(numbers).size, numbers.length);
  for (const [name, number] of Object.entries(ErrorCode)) assert.equal(errorCodeOf(number), name);
});

test("only the names of error codes are error codes", () => {
  assert.deepEqual(["id-gone", "internal"].map(isErrorCode), [true, true]);
  const others = ["", "gone", "toString", "__proto__", 1, null, undefined, ["id-gone"]];
  assert.deepEqual(others.filter(isErrorCode), []);
});

test("a group's name has 1 to 256 bytes of UTF-8", () => {
  const right = ["a", "@all", "/", "\u0000", " ", "\ufeff", "\ufffd", "x".repeat(256)];
  right.push("ä".repeat(128), "€".repeat(85), "😀".repeat(64));
  const wrong = ["", "\ud83d", "a\ude00b", "\ude00\ud83d", "x".repeat(257), "x".repeat(1_000_000)];
  wrong.push("ä".repeat(128).concat("x"), "€".repeat(86), "😀".repeat(65));
  for (const name of right) assert.equal(isGroupName(name), true, name);
  for (const name of wrong) assert.equal(isGroupName(name), false, name.slice(0, 20));
});

test("JSON is read from text and from UTF-8; anything else is undefined", () => {
  assert.deepEqual(parseJson('["é"]'), ["é"]);
  assert.deepEqual(parseJson(new TextEncoder().encode('["é"]')), ["é"]);
  assert.equal(parseJson("null"), null);
  for (const text of ["", "[", "undefined", Uint8Array.of(0x22, 0xff, 0x22)]) {
    assert.equal(parseJson(text), undefined);
  }
});

test("a text's bytes are counted as UTF-8", () => {
  const exceeds = [utf8Exceeds("ää", 3), utf8Exceeds("ää", 4)];
  assert.deepEqual(exceeds.concat(utf8Exceeds("abcd", 4), utf8Exceeds("abcde", 4)), [
    ...[true, false],
    ...[false, true],
  ]);
});

test("a latest map forgets what was set first, and what is set again counts as new", () => {
  const map = new LatestMap<string, number>(2);
  map.set("a", 1).set("b", 2).set("a", 3).set("c", 4);
  assert.deepEqual(Object.fromEntries(map), { a: 3, c: 4 });
  assert.equal(map.take("a"), 3);
  assert.equal(map.take("a"), undefined);
  assert.equal(map.size, 1);
});

test("random names have the form of node and origin names", () => {
  const random = new SeededRandom(1);
  const names = new Set(Array.from({ length: 1_000 }, () => randomName(random, 12)));
  assert.equal(names.size, 1_000);
  for (const name of names) assert.match(name, /^[a-z0-5]{12}$/);
});

test("an IPv4 address is packed into a number, and comes back as it was", () => {
  const addresses = ["0.0.0.0", "127.0.0.1", "192.0.2.7", "255.255.255.255", "10.20.30.40"];
  for (const text of addresses) {
    const packed = packAddress(text);
    // Of 32 bits: the runtimes keep it within an object's field.
    assert.equal(packed, Number(packed) | 0, text);
    assert.equal(unpackAddress(packed), text);
  }
  assert.equal(new Set(addresses.map(packAddress)).size, addresses.length);
});

test("any other text is kept as it is, and comes back, whatever it is", () => {
  const others = ["", "::1", "2001:db8::7", "unix", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3"];
  others.push("1..2.3", "256.1.1.1", "01.2.3.4", "1.2.3.00", "1.2.3.4 ", "1.2.3.-4", "+1.2.3.4");
  for (const text of others) assert.equal(packAddress(text), text);
  const nearly = fc.stringMatching(/^[0-9.:]{0,18}$/);
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), nearly, fc.string()), (text) => {
      assert.equal(unpackAddress(packAddress(text)), text);
    }),
  );
});

test("what happens again and again is due at once and then once a minute, with how often", () => {
  let now = 5;
  const reports = new ReportTimes(() => now);
  assert.deepEqual([reports.due("a"), reports.due("a"), reports.due("b")], [1, 0, 1]);
  now += 59_999;
  assert.equal(reports.due("a"), 0);
  now += 1;
  assert.deepEqual([reports.due("a"), reports.due("a"), reports.due("b")], [3, 0, 1]);
});

test("a wait that this process slept through starts again, and ends once", () => {
  const clock = new ManualClock();
  let calls = 0;
  afterAwake(clock, 1_000, () => calls++);
  clock.stall(1_000 + limits.stallMs + 1);
  assert.equal(calls, 0);
  clock.advance(999);
  clock.set(-3_600_000);
  assert.equal(calls, 0);
  clock.advance(1);
  assert.deepEqual([calls, clock.pendingTimers], [1, 0]);
  afterAwake(clock, 1_000, () => calls++);
  clock.stall(1_000 + limits.stallMs);
  assert.equal(calls, 2, "a timer may be late by as much");
});

test("a wait that started again is cancelled by the same function", () => {
  const clock = new ManualClock();
  const cancel = afterAwake(clock, 1_000, () => assert.fail("it was cancelled"));
  clock.stall(10_000);
  cancel();
  clock.advance(10_000);
  assert.equal(clock.pendingTimers, 0);
});

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const good = `00-${traceId}-${spanId}-01`;

test("a traceparent of W3C Trace Context is read, with its flag", () => {
  assert.deepEqual(parseTraceparent(good), { traceId, spanId, sampled: true });
  // Other bits of the flags say nothing of sampling.
  for (const [flags, sampled] of Object.entries({ "00": false, fe: false, "03": true })) {
    assert.equal(parseTraceparent(`00-${traceId}-${spanId}-${flags}`)?.sampled, sampled, flags);
  }
  assert.deepEqual(parseTraceparent(`cc-${traceId}-${spanId}-01`)?.traceId, traceId);
  const wrong = ["", 7, undefined, null, { traceId }, `${good}-00`, `${good}, ${good}`];
  wrong.push(`ff-${traceId}-${spanId}-01`, "0".repeat(1_000_000));
  wrong.push(`00-${"0".repeat(32)}-${spanId}-01`, `00-${traceId}-${"0".repeat(16)}-01`);
  for (const value of wrong) assert.equal(parseTraceparent(value), undefined, String(value));
});

test("what is written of a trace is read again", () => {
  const hex = (length: number): fc.Arbitrary<string> =>
    fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => /[^0]/.test(text));
  fc.assert(
    fc.property(hex(32), hex(16), fc.boolean(), (trace, span, sampled) => {
      const context = { traceId: trace, spanId: span, sampled };
      assert.deepEqual(parseTraceparent(writeTraceparent(context)), context);
    }),
  );
});

test("whatever is read as a traceparent is 55 characters that are safe in a header", () => {
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
