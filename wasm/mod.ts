export { createWasmCodec } from "./codec/mod.ts";
