export { createWasmCodec, type WasmCodec } from "./create.ts";
