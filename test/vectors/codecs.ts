import type { Codec, CodecOptions } from "../../core/ports/mod.ts";
import { createWasmCodec } from "../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../reference/mod.ts";
import { vectorFragmentsMax, vectorMessageBytesMax } from "./frame-vectors.ts";

/** What the same tests and vectors run over. */
export const codecMakers: readonly (readonly [
  name: string,
  create: (options: CodecOptions) => Codec,
])[] = [
  ["wasm", (options) => createWasmCodec(options)],
  ["reference", createReferenceCodec],
];

/** For the vectors of frames. */
export const frameCodecOptions: CodecOptions = {
  node: "n1",
  messageBytesMax: vectorMessageBytesMax,
  fragmentsMax: vectorFragmentsMax,
  batchBytesTarget: 65_536,
  partialBytesMax: 1_000_000,
};
