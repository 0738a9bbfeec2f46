export { createWasmCodec, type WasmCodec } from "./codec/mod.ts";
