export { isOneValue, noOptions, PlainValues } from "./plain-values.ts";
export { groupOf, idOf, textOf, verbNameOf } from "./texts.ts";
export { passValue, uint16, uint32 } from "./walk.ts";
