export { createPlainCodec, createWasmCodec } from "./create.ts";
