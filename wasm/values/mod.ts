export { isOneValue, noOptions, PlainValues } from "./plain-values.ts";
export { groupOf, idOf, textOf, verbNameOf } from "./texts.ts";
