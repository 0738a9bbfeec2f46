export { createReferenceCodec } from "./create.ts";
