import { Verb } from "../../core/ports/mod.ts";
import { utf8Valid } from "./utf8.ts";
import { isInteger, isMap, nilByte, readArray, readBin, readCount, readStr } from "./walk.ts";

/** Elements that a verb cannot do without, itself included. */
export function least(verb: Verb): number {
  return verb === Verb.close || verb === Verb.query || verb === Verb.accept ? 2 : 3;
}

/** Whether element 1, 2 or 3 of a command, at `at`, is of the shape that its verb asks for. */
export function fits(bytes: Uint8Array, at: number, verb: Verb, place: number): boolean {
  if (place === 1) return fitsFirst(bytes, at, verb);
  if (place === 2) return fitsSecond(bytes, at, verb);
  return verb !== Verb.close || readStr(bytes, at) !== undefined || isLeftOut(bytes[at]!);
}

function isLeftOut(byte: number): boolean {
  return byte === nilByte || isMap(byte);
}

function fitsFirst(bytes: Uint8Array, at: number, verb: Verb): boolean {
  if (readStr(bytes, at) !== undefined) return true;
  switch (verb) {
    case Verb.publish:
    case Verb.ack:
    case Verb.accept:
    case Verb.reject:
      return false;
    default:
      return readArray(bytes, at) !== undefined;
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
      return readStr(bytes, at) !== undefined;
    case Verb.reject:
      return isInteger(bytes[at]!);
    case Verb.ack:
      return readCount(bytes, at) >= 0;
    default:
      return true;
  }
}

/** A str becomes a text message: it must be UTF-8, or the client would end the connection. */
function fitsData(bytes: Uint8Array, at: number): boolean {
  const text = readStr(bytes, at);
  if (text === undefined) return readBin(bytes, at) !== undefined;
  return utf8Valid(bytes, text.at, text.at + text.length);
}
