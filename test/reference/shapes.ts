import { Verb } from "../../core/ports/mod.ts";
import {
  isInteger,
  isMap,
  isNumber,
  nilByte,
  readArray,
  readBin,
  readCount,
  readStr,
  type Stretch,
} from "./read.ts";
import { utf8Valid } from "./utf8.ts";

/** The verbs and their bytes. */
const verbs: readonly (readonly [name: Uint8Array, verb: Verb])[] = Object.entries(Verb).map(
  ([name, verb]) => [new TextEncoder().encode(name), verb],
);

/** The verb of these bytes. */
export function verbOf(bytes: Uint8Array, { at, length }: Stretch): Verb {
  for (const [name, verb] of verbs) {
    if (name.length !== length) continue;
    let same = 0;
    while (same < length && name[same] === bytes[at + same]) same++;
    if (same === length) return verb;
  }
  return Verb.unknown;
}

/** Index of the element that may name a group; 0 where the verb has none. */
export function groupPlace(verb: Verb): number {
  if (verb === Verb.publish || verb === Verb.query) return 1;
  return verb === Verb.join || verb === Verb.leave ? 2 : 0;
}

/** How many elements a verb needs at least, itself included. */
export function least(verb: Verb): number {
  return verb === Verb.close || verb === Verb.query || verb === Verb.accept ? 2 : 3;
}

/** Whether element 1, 2 or 3 of a command, at `at`, has the shape that its verb needs. */
export function fits(bytes: Uint8Array, at: number, verb: Verb, place: number): boolean {
  if (place === 1) return fitsFirst(bytes, at, verb);
  if (place === 2) return fitsSecond(bytes, at, verb);
  if (verb !== Verb.close && verb !== Verb.reject) return true;
  const bin = verb === Verb.reject && readBin(bytes, at) !== undefined;
  return bin || readStr(bytes, at) !== undefined || isLeftOut(bytes[at]!);
}

function isLeftOut(byte: number): boolean {
  return byte === nilByte || isMap(byte);
}

function fitsFirst(bytes: Uint8Array, at: number, verb: Verb): boolean {
  const isStr = readStr(bytes, at) !== undefined;
  switch (verb) {
    case Verb.publish:
      return fitsGroup(bytes, at);
    case Verb.query:
      return isStr ? fitsGroup(bytes, at) : readArray(bytes, at) !== undefined;
    case Verb.ack:
    case Verb.accept:
    case Verb.reject:
      return isStr;
    default:
      return isStr || readArray(bytes, at) !== undefined;
  }
}

function fitsSecond(bytes: Uint8Array, at: number, verb: Verb): boolean {
  switch (verb) {
    case Verb.send:
    case Verb.publish:
      return fitsData(bytes, at);
    case Verb.close:
      return isInteger(bytes[at]!) || isLeftOut(bytes[at]!);
    case Verb.join:
    case Verb.leave:
      return fitsGroup(bytes, at);
    case Verb.reject:
      return isInteger(bytes[at]!);
    case Verb.ack:
      return readCount(bytes, at) >= 0;
    case Verb.accept:
      return isLeftOut(bytes[at]!);
    case Verb.renew:
      return isNumber(bytes[at]!);
    default:
      return true;
  }
}

/** A group's name must be UTF-8: two names that are not could look the same. */
function fitsGroup(bytes: Uint8Array, at: number): boolean {
  const group = readStr(bytes, at);
  return group !== undefined && utf8Valid(bytes, group.at, group.at + group.length);
}

/** A str becomes a text message: it must be UTF-8, or the client would end the connection. */
function fitsData(bytes: Uint8Array, at: number): boolean {
  const text = readStr(bytes, at);
  if (text === undefined) return readBin(bytes, at) !== undefined;
  return utf8Valid(bytes, text.at, text.at + text.length);
}
