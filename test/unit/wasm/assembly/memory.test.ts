import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageKind, ParserStep } from "../../../../core/ports/mod.ts";
import { createWasmCodec } from "../../../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";
import { codecMakers, usualOptions } from "../../../vectors/codecs.ts";
import { clientFrame } from "../../../vectors/frames.ts";
import { concat, toHex, utf8 } from "../../../vectors/hex.ts";
import { idOf } from "../../../vectors/ids.ts";

test("memory stays level over any number of connections, finished or not", () => {
  const codec = createWasmCodec(usualOptions);
  const buffer = codec.events.openBuffer("s");
  const half = clientFrame(0x01, utf8("x".repeat(3_000)));
  const whole = clientFrame(0x81, utf8("whole"));
  const ping = clientFrame(0x89, utf8("p".repeat(100)));
  const endings = [
    half,
    half.slice(0, 5),
    half.slice(0, 2_000),
    concat(half, ping.slice(0, 50)),
    concat(half, clientFrame(0x88, utf8("")), whole),
    concat(whole, clientFrame(0x81, Uint8Array.of(0xff))),
  ];
  let level = 0;
  for (let cycle = 0; cycle < 30_000; cycle++) {
    const slot = cycle % 2_000;
    if (cycle >= 2_000) codec.events.unbind(slot);
    codec.events.bind(slot, idOf("n1", slot), cycle % 7 === 0 ? -1 : buffer);
    codec.frames.attach(slot, false);
    let step = codec.frames.feed(slot, endings[cycle % endings.length]!);
    while (step !== ParserStep.done && step < ParserStep.close) {
      if (step === ParserStep.bufferFull) codec.events.takeBatch(buffer);
      step = codec.frames.next();
    }
    if (cycle === 10_000) level = codec.heapBytes();
  }
  assert.equal(codec.heapBytes(), level);
  for (let slot = 0; slot < 2_000; slot++) codec.events.unbind(slot);
  assert.equal(codec.frames.partialBytes(), 0);
});

test("streams come and go without a trace", () => {
  const codec = createWasmCodec(usualOptions);
  codec.events.bind(0, idOf("n1", 0), -1);
  let level = 0;
  for (let i = 0; i < 5_000; i++) {
    const buffer = codec.events.openBuffer(`stream-${i}`);
    codec.events.append(buffer, new Uint8Array(100 + (i % 5_000)));
    codec.events.takeBatch(buffer);
    codec.events.closeBuffer(buffer);
    if (i === 1_000) level = codec.heapBytes();
  }
  assert.equal(codec.heapBytes(), level);
});

test("what a giant message took is there for usualOptions ones afterwards", () => {
  const codec = createWasmCodec(usualOptions);
  const buffer = codec.events.openBuffer("s");
  codec.events.bind(0, idOf("n1", 0), buffer);
  codec.frames.attach(0, false);
  const giant = clientFrame(0x82, new Uint8Array(usualOptions.messageBytesMax));
  for (let at = 0; at < giant.length; at += 65_536)
    codec.frames.feed(0, giant.subarray(at, at + 65_536));
  assert.equal(codec.events.takeBatch(buffer).length, usualOptions.messageBytesMax + 51);
  assert.equal(codec.frames.feed(0, giant), ParserStep.done);
  codec.events.takeBatch(buffer);
  assert.equal(codec.events.bytes(0, MessageKind.binary, giant), true);
  codec.events.takeBatch(buffer);
  assert.equal(codec.events.text(0, "x".repeat(5_000_000)), true);
  codec.events.takeBatch(buffer);
  assert.equal(codec.commands.decode(codec.values.encodeValue([giant])), undefined);
  assert.equal(codec.commands.decode(codec.values.encodeValue([])), undefined);
  const level = codec.heapBytes();
  // 40 MB of unfinished messages: more than is left if the giants' memory were theirs alone.
  for (let slot = 1; slot <= 2_500; slot++) {
    codec.events.bind(slot, idOf("n1", slot), buffer);
    codec.frames.attach(slot, false);
    codec.frames.feed(slot, clientFrame(0x02, new Uint8Array(16_000)));
  }
  assert.equal(codec.frames.partialBytes(), 40_000_000);
  assert.equal(codec.heapBytes(), level);
});

test("an idle connection takes about a hundred bytes", () => {
  const codec = createWasmCodec(usualOptions);
  const before = codec.heapBytes();
  for (let slot = 0; slot < 100_000; slot++) {
    codec.events.bind(slot, idOf("n1", slot), -1);
    codec.frames.attach(slot, false);
  }
  const each = (codec.heapBytes() - before) / 100_000;
  assert.ok(each < 140, `${each} bytes`);
});

/** The bytes on both sides of each border of RFC 3629, 4. */
const edges = [
  0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec,
  0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
];
/** Places around the end of a block of sixteen bytes. */
const places = [0, 13, 14, 15, 16];

function* texts(): Generator<Uint8Array> {
  for (const at of places) {
    for (let n = 0; n < edges.length ** 3; n++) {
      const text = new Uint8Array(at + 4).fill(0x61);
      text[at] = edges[n % edges.length]!;
      text[at + 1] = edges[Math.floor(n / edges.length) % edges.length]!;
      text[at + 2] = edges[Math.floor(n / edges.length ** 2)]!;
      // The last byte makes good characters of four as well as bad ones.
      text[at + 3] = n % 3 === 0 ? 0x61 : 0x80;
      yield text;
    }
  }
}

function decodes(decoder: TextDecoder, bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

test("UTF-8 at every border, as the runtime's own decoder has it", () => {
  const strict = new TextDecoder("utf-8", { fatal: true });
  const [wasm, reference] = [createWasmCodec(usualOptions), createReferenceCodec(usualOptions)];
  for (const text of texts()) {
    const expected = decodes(strict, text);
    if (wasm.frames.validUtf8(text) !== expected) assert.fail(`wasm: ${toHex(text)}`);
    if (reference.frames.validUtf8(text) !== expected) assert.fail(`reference: ${toHex(text)}`);
  }
});

for (const [name, make] of codecMakers) {
  test(`text in pieces fails with the piece that holds the bad byte (${name})`, () => {
    const codec = make(usualOptions);
    codec.events.bind(0, idOf("n1", 0), -1);
    const good = new TextEncoder().encode("ab€😀Ж".repeat(20));
    for (let at = 0; at < good.length; at++) {
      const bad = good.slice();
      bad[at] = 0xff;
      const frame = clientFrame(0x81, bad);
      for (const cut of [1, 5, 16, 17, 40]) {
        codec.frames.attach(0, false);
        // The payload comes after eight bytes of header; the last piece is cut short of its end.
        codec.frames.feed(0, frame.slice(0, 8));
        for (let from = 8; from < frame.length - 1; from += cut) {
          const to = Math.min(from + cut, frame.length - 1);
          const step = codec.frames.feed(0, frame.slice(from, to));
          const reached = at + 8 < to;
          assert.equal(step, reached ? ParserStep.fault : ParserStep.done, `${at} by ${cut}`);
          if (reached) break;
        }
      }
    }
  });
}
