import assert from "node:assert/strict";
import { test } from "node:test";
import { type CodecOptions, ParserStep } from "../../../../core/ports/mod.ts";
import { createWasmCodec } from "../../../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";
import { clientFrame } from "../../../vectors/frames.ts";
import { toHex } from "../../../vectors/hex.ts";
import { idOf } from "../../../vectors/ids.ts";

const options: CodecOptions = {
  node: "n1",
  messageBytesMax: 1_048_576,
  batchBytesTarget: 65_536,
  partialBytesMax: 1_000_000,
};

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
  const [wasm, reference] = [createWasmCodec(options), createReferenceCodec(options)];
  for (const text of texts()) {
    const expected = decodes(strict, text);
    if (wasm.frames.validUtf8(text) !== expected) assert.fail(`wasm: ${toHex(text)}`);
    if (reference.frames.validUtf8(text) !== expected) assert.fail(`reference: ${toHex(text)}`);
  }
});

for (const [name, make] of [
  ["wasm", createWasmCodec],
  ["reference", createReferenceCodec],
] as const) {
  test(`text in pieces fails with the piece that holds the bad byte (${name})`, () => {
    const codec = make(options);
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
