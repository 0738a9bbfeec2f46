export { createWasmCodec } from "./create.ts";
