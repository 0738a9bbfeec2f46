export { PlainCodec } from "./codec.ts";
export { idOf, textOf, verbNameOf } from "./texts.ts";
export { utf8Valid } from "./utf8.ts";
export { PlainValues } from "./values.ts";
