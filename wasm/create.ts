import type { Codec, CodecOptions } from "../core/ports/mod.ts";
import { WasmCodec } from "./codec.ts";
import { PlainCodec } from "./reference/mod.ts";

/** The codec of the hot path: one WASM instance with its own memory. Needs SIMD. */
export function createWasmCodec(options: CodecOptions): Codec {
  return new WasmCodec(options);
}

/** Its equal in plain TypeScript, for where WASM cannot run and for comparison. */
export function createPlainCodec(options: CodecOptions): Codec {
  return new PlainCodec(options);
}
