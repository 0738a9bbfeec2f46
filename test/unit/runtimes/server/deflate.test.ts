import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import { limits } from "../../../../core/base/mod.ts";
import { createZlibDeflate } from "../../../../runtimes/server/deflate.ts";
import { Dice } from "../../../vectors/dice.ts";

const deflate = createZlibDeflate();
const bytesMax = 100_000;
const flush = { finishFlush: constants.Z_SYNC_FLUSH };

function words(dice: Dice, bytes: number): Buffer {
  let text = "";
  while (text.length < bytes) text += `word-${dice.below(1_000)} `;
  return Buffer.from(text.slice(0, bytes));
}

function inflated(payload: Uint8Array): string | undefined {
  const message = deflate.inflate(payload, bytesMax);
  return message === undefined ? undefined : Buffer.from(message).toString("latin1");
}

test("a cut payload is no message, wherever it is cut", () => {
  const dice = new Dice(1);
  for (const size of [1, 60, 5_000]) {
    for (const level of [1, 9]) {
      const text = words(dice, size);
      const payload = deflateRawSync(text, { ...flush, level }).subarray(0, -4);
      assert.equal(inflated(payload), text.toString());
      const step = size > 60 ? 97 : 1;
      for (let cut = payload.length - 1; cut > 0; cut -= step) {
        assert.equal(inflated(payload.subarray(0, cut)), undefined, `${cut} of ${size}`);
      }
    }
  }
});

test("a cut block without compression does not take our own bytes for the client's", () => {
  const data = Buffer.from(Array.from({ length: 300 }, (_, at) => (at * 151) & 255));
  const payload = deflateRawSync(data, { ...flush, level: 0 }).subarray(0, -4);
  assert.equal(inflated(payload), data.toString("latin1"));
  // Of one byte there is left what is the whole payload of an empty message (RFC 7692, 7.2.3.6).
  for (let cut = payload.length - 1; cut > 1; cut -= 1) {
    assert.equal(inflated(payload.subarray(0, cut)), undefined, `${cut}`);
  }
});

test("a message that ends like a flush is itself", () => {
  for (const hex of ["0000ffff", "01020000ffff", "0000ffff0000ffff"]) {
    const data = Buffer.from(hex, "hex");
    for (const level of [0, 6]) {
      const payload = deflateRawSync(data, { ...flush, level }).subarray(0, -4);
      assert.equal(inflated(payload), data.toString("latin1"));
    }
  }
});

test("the examples of RFC 7692, 7.2.3, and an empty message in both forms", () => {
  for (const [hex, text] of [
    ["f248cdc9c90700", "Hello"],
    ["000500faff48656c6c6f00", "Hello"],
    ["f348cdc9c9070000", "Hello"],
    ["f248050000 00ffffcac9c90700".replace(" ", ""), "Hello"],
    ["00", ""],
    ["", ""],
  ] as const) {
    assert.equal(inflated(Buffer.from(hex, "hex")), text, hex);
  }
});

test("blocks behind a final block belong to the message (RFC 7692, 7.2.3.4)", () => {
  const first = deflateRawSync("first ");
  const second = deflateRawSync("second ");
  const last = deflateRawSync("last", flush).subarray(0, -4);
  const payload = Buffer.concat([first, second, last]);
  assert.equal(inflated(payload), "first second last");
  assert.equal(deflate.inflate(payload, 16), "too-big");
  assert.equal(inflated(payload.subarray(0, -1)), undefined);
  assert.equal(inflated(payload.subarray(0, first.length + 3)), undefined);
  assert.equal(inflated(Buffer.concat([first, second, Buffer.from([0])])), "first second ");
});

test("a client that leaves its tail on, or stops at a final block, is understood", () => {
  const whole = deflateRawSync("hello", flush);
  const final = deflateRawSync("hello");
  assert.equal(inflated(whole), "hello");
  assert.equal(inflated(final), "hello");
  for (const payload of [whole, final]) {
    assert.equal(inflated(Buffer.concat([payload, Buffer.from("xyz")])), undefined);
    for (let cut = payload.length - 1; cut > 0; cut -= 1) {
      // Four bytes less is the tail taken off.
      const expected = payload === whole && cut === whole.length - 4 ? "hello" : undefined;
      assert.equal(inflated(payload.subarray(0, cut)), expected);
    }
  }
  for (const level of [0, 6]) {
    const data = Buffer.from("0102030000ffff", "hex");
    assert.equal(inflated(deflateRawSync(data, { level })), data.toString("latin1"));
  }
});

test("final blocks are bounded, because each starts zlib anew", () => {
  const blocks = (count: number): Buffer =>
    Buffer.concat([Buffer.alloc(count * 2, deflateRawSync("")), Buffer.from([0])]);
  assert.equal(deflateRawSync("").length, 2);
  assert.equal(inflated(blocks(limits.deflateStreamsFloor - 1)), "");
  assert.equal(inflated(blocks(limits.deflateStreamsFloor)), undefined);
  assert.equal(inflated(blocks(100_000)), undefined);
  const parts = Array.from({ length: 100 }, (_, index) => words(new Dice(index), 500));
  const long = [...parts.map((part) => deflateRawSync(part)), Buffer.from([0])];
  assert.equal(inflated(Buffer.concat(long)), Buffer.concat(parts).toString());
});

test("what does not compress is measured as it is", () => {
  const dice = new Dice(3);
  const data = Buffer.from(Array.from({ length: 1_000 }, () => dice.below(256)));
  const payload = deflate.deflate(data);
  assert.ok(payload.length > data.length);
  assert.deepEqual(deflate.inflate(payload, data.length), data);
  assert.equal(deflate.inflate(payload, data.length - 1), "too-big");
});
