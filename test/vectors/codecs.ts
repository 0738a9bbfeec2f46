import { decode } from "@msgpack/msgpack";
import type { Codec, CodecOptions } from "../../core/ports/mod.ts";
import { createWasmCodec } from "../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../reference/mod.ts";
import { vectorFragmentsMax, vectorMessageBytesMax } from "./frame-vectors.ts";
import { idOf } from "./ids.ts";

/** What the same tests and vectors run over. */
export const codecMakers: readonly (readonly [
  name: string,
  create: (options: CodecOptions) => Codec,
])[] = [
  ["wasm", (options) => createWasmCodec(options)],
  ["reference", createReferenceCodec],
];

/** With the limits that a gateway has by default, or about those. */
export const usualOptions: CodecOptions = {
  node: "n1",
  messageBytesMax: 16_777_216,
  batchBytesTarget: 65_536,
  partialBytesMax: 268_435_456,
};

/** Where a thousand bytes are enough. */
export const smallOptions: CodecOptions = {
  node: "n",
  messageBytesMax: 1_000,
  batchBytesTarget: 1_000,
  partialBytesMax: 1_000,
};

/** A codec whose slot 5 is bound and attached, and that slot's batch buffer, of stream `s`. */
export function bound(
  make: (options: CodecOptions) => Codec,
  lower: Partial<CodecOptions> = {},
): { codec: Codec; buffer: number } {
  const codec = make({ ...usualOptions, ...lower });
  const buffer = codec.events.openBuffer("s");
  codec.events.bind(5, idOf("n1", 5), buffer);
  codec.frames.attach(5, false);
  return { codec, buffer };
}

/** The items of a batch. */
export function itemsOf(batch: Uint8Array): unknown[][] {
  return (decode(batch) as unknown[])[3] as unknown[][];
}

/** For the vectors of frames. */
export const frameCodecOptions: CodecOptions = {
  ...usualOptions,
  messageBytesMax: vectorMessageBytesMax,
  fragmentsMax: vectorFragmentsMax,
  partialBytesMax: 1_000_000,
};
