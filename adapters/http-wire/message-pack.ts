import { isUtf8 } from "node:buffer";
import { decode } from "@msgpack/msgpack";
import { ServiceError } from "../../core/base/mod.ts";
import { bodyTooDeep, decodedLevelsMax } from "./nesting.ts";

/** The value of a body in MessagePack. Throws `batch-malformed`. */
export function readMessagePack(bytes: Uint8Array): unknown {
  const { elements, isTooDeep, brokenText } = lookThrough(bytes);
  if (isTooDeep) throw bodyTooDeep();
  // The decoder makes room for an array when it has read its length: three bytes could ask for
  // 128 KiB, and a body has room for many of them.
  if (elements > bytes.length) {
    const message = "the body is not MessagePack: it tells of more elements than it has bytes";
    throw new ServiceError("batch-malformed", message);
  }
  let value: unknown;
  try {
    value = decode(bytes);
  } catch (cause) {
    throw new ServiceError("batch-malformed", "the body is not MessagePack", { cause });
  }
  if (brokenText === undefined) return value;
  // The decoder replaces what it cannot read, so clients would get another text.
  const message = `the text at byte ${brokenText} of the body is not UTF-8`;
  throw new ServiceError("batch-malformed", message);
}

/** How the length of an element is written that begins with a byte from 0xc4 on. */
const lengthBytes: Readonly<Record<number, number>> = {
  196: 1,
  197: 2,
  198: 4,
  199: 1,
  200: 2,
  201: 4,
  217: 1,
  218: 2,
  219: 4,
};

/** Bytes behind the first one of elements of a fixed size; of arrays and maps those of a count. */
const fixedBytes: Readonly<Record<number, number>> = {
  202: 4,
  203: 8,
  204: 1,
  205: 2,
  206: 4,
  207: 8,
  208: 1,
  209: 2,
  210: 4,
  211: 8,
  212: 2,
  213: 3,
  214: 5,
  215: 9,
  216: 17,
  220: 2,
  221: 4,
  222: 2,
  223: 4,
};

/** What is known of a body before it is decoded. */
interface Outline {
  /** As many as its arrays and maps say that they have. */
  readonly elements: number;
  /** They nest deeper than they may be decoded. */
  readonly isTooDeep: boolean;
  /** Where the first text begins that is not UTF-8. */
  readonly brokenText: number | undefined;
}

/** Right for MessagePack; of anything else it says something, and the decoder refuses it. */
function lookThrough(bytes: Uint8Array): Outline {
  let elements = 0;
  let brokenText: number | undefined;
  const levels = new Levels();
  let at = 0;
  while (at < bytes.length && !levels.areTooMany) {
    const start = at;
    const type = bytes[at++] as number;
    const inside = elementsOf(bytes, start);
    elements += inside;
    levels.element(inside);
    const ofLength = lengthBytes[type] ?? 0;
    let length = 0;
    for (let left = ofLength; left > 0; left--) length = length * 256 + (bytes[at++] as number);
    const isShort = type >= 0xa0 && type < 0xc0;
    const isText = isShort || type >= 0xd9;
    if (isShort) length = type & 0x1f;
    // An extension has its type between length and content.
    else if (type >= 0xc7 && type < 0xca) length++;
    else if (ofLength === 0) length = fixedBytes[type] ?? 0;
    const end = at + length;
    if (isText && (isShort || ofLength > 0) && !isUtf8(bytes.subarray(at, end))) {
      brokenText ??= start;
    }
    at = end;
  }
  return { elements, isTooDeep: levels.areTooMany, brokenText };
}

/** The arrays and maps around an element, each with how many elements are still to come. */
class Levels {
  readonly #toCome: number[] = [];

  get areTooMany(): boolean {
    return this.#toCome.length > decodedLevelsMax;
  }

  /** An element begins that has so many inside. */
  element(inside: number): void {
    const toCome = this.#toCome;
    if (inside > 0) {
      toCome.push(inside);
      return;
    }
    for (let last = toCome.length - 1; last >= 0; last--) {
      toCome[last]!--;
      if (toCome[last]! > 0) return;
      toCome.pop();
    }
  }
}

/** How many elements an array has, or keys and values a map; 0 for anything else. */
function elementsOf(bytes: Uint8Array, start: number): number {
  const type = bytes[start] as number;
  if (type >= 0x80 && type < 0xa0) return (type & 0x0f) * (type < 0x90 ? 2 : 1);
  if (type < 0xdc || type > 0xdf) return 0;
  let count = 0;
  for (let at = 1; at <= (fixedBytes[type] as number); at++) {
    count = count * 256 + (bytes[start + at] ?? 0);
  }
  return type < 0xde ? count : 2 * count;
}
