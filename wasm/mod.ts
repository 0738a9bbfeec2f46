export { WasmCodec } from "./codec.ts";
export { createPlainCodec, createWasmCodec } from "./create.ts";
