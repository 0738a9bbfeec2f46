export { PlainCodec } from "./codec.ts";
export { groupOf, idOf, textOf, verbNameOf } from "./texts.ts";
export { utf8Valid } from "./utf8.ts";
export { isOneValue, noOptions, PlainValues } from "./values.ts";
