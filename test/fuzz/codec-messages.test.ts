import assert from "node:assert/strict";
import { env } from "node:process";
import { describe, test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { type Codec, type CodecOptions, ParserStep } from "../../core/ports/mod.ts";
import { createWasmCodec } from "../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../reference/mod.ts";
import { Dice, fuzzSeed } from "../vectors/dice.ts";
import { clientFrame } from "../vectors/frames.ts";
import { concat } from "../vectors/hex.ts";
import { idOf } from "../vectors/ids.ts";

const seed = fuzzSeed(env.FUZZ_SEED);
const cases = Number(env.FUZZ_CASES ?? 300);
const options: CodecOptions = {
  node: "n1",
  messageBytesMax: 1_048_576,
  batchBytesTarget: 4_096,
  partialBytesMax: 8_388_608,
};
const slots = [0, 1, 5_000];

/** What one client sent, and what is left of its bytes. */
interface Client {
  readonly slot: number;
  readonly sent: unknown[];
  chunks: Uint8Array[];
}

/** A valid message, cut into frames anywhere, with pings between them. */
function framesOf(dice: Dice, data: string | Uint8Array): Uint8Array {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const opcode = typeof data === "string" ? 1 : 2;
  const frames: Uint8Array[] = [];
  let at = 0;
  do {
    const most = dice.chance(50) ? bytes.length : 1 + dice.below(bytes.length + 1);
    const part = bytes.slice(at, at + most);
    at += part.length;
    const first = (frames.length === 0 ? opcode : 0) | (at === bytes.length ? 0x80 : 0);
    frames.push(clientFrame(first, part, { mask: dice.bytes(4) }));
    if (at < bytes.length && dice.chance(20)) frames.push(clientFrame(0x89, dice.bytes(3)));
  } while (at < bytes.length);
  return concat(...frames);
}

function feed(codec: Codec, buffer: number, client: Client, received: unknown[][]): void {
  const chunk = client.chunks.shift()!;
  let step = codec.frames.feed(client.slot, chunk);
  while (step !== ParserStep.done) {
    assert.notEqual(step, ParserStep.fault, `FUZZ_SEED=${seed}: ${codec.frames.fault()}`);
    if (step === ParserStep.bufferFull) take(codec, buffer, received);
    step = codec.frames.next();
  }
}

/** Reads a batch with another's decoder, and looks at its numbers. */
function take(codec: Codec, buffer: number, received: unknown[][]): void {
  const [version, stream, first, items] = decode(codec.events.takeBatch(buffer)) as [
    number,
    string,
    number,
    unknown[][],
  ];
  assert.deepEqual([version, stream, first], [1, "s", received.length], `FUZZ_SEED=${seed}`);
  received.push(...items);
}

for (const [name, make] of [
  ["wasm", createWasmCodec],
  ["reference", createReferenceCodec],
] as const) {
  describe(`codec ${name}: messages`, () => {
    test(`what clients send is what batches hold, in order (FUZZ_SEED=${seed})`, () => {
      const dice = new Dice(seed);
      const codec = make(options);
      const buffer = codec.events.openBuffer("s");
      const received: unknown[][] = [];
      const clients = slots.map((slot): Client => {
        codec.events.bind(slot, idOf("n1", slot), buffer);
        codec.frames.attach(slot, false);
        return { slot, sent: [], chunks: [] };
      });
      for (let i = 0; i < cases; i++) {
        const client = dice.pick(clients);
        const messages = Array.from({ length: 1 + dice.below(4) }, () =>
          dice.chance(50) ? dice.text(dice.length()) : dice.bytes(dice.length()),
        );
        client.sent.push(...messages);
        const bytes = concat(...messages.map((data) => framesOf(dice, data)));
        client.chunks.push(...dice.chunks(bytes));
        // Clients' chunks come in turns: each slot keeps what is its own.
        for (const one of clients) {
          while (one.chunks.length > 0 && dice.chance(90)) feed(codec, buffer, one, received);
        }
      }
      for (const one of clients) while (one.chunks.length > 0) feed(codec, buffer, one, received);
      take(codec, buffer, received);
      for (const { slot, sent } of clients) {
        const mine = received.filter((item) => item[1] === idOf("n1", slot));
        assert.deepEqual(
          mine.map((item) => item[2]),
          sent.map((_, i) => i + 1),
          `FUZZ_SEED=${seed}`,
        );
        assert.deepEqual(
          mine.map((item) => item[3]),
          sent,
          `FUZZ_SEED=${seed}`,
        );
      }
      assert.equal(codec.frames.partialBytes(), 0);
    });
  });
}
