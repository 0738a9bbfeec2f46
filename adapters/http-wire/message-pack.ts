import { isUtf8 } from "node:buffer";
import { decode } from "@msgpack/msgpack";
import { ServiceError } from "../../core/base/mod.ts";

/** The value of a body in MessagePack. Throws `batch-malformed`. */
export function readMessagePack(bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = decode(bytes);
  } catch (cause) {
    throw new ServiceError("batch-malformed", "the body is not MessagePack", { cause });
  }
  const at = brokenText(bytes);
  if (at === undefined) return value;
  // The decoder replaces what it cannot read, so clients would get another text.
  throw new ServiceError("batch-malformed", `the text at byte ${at} of the body is not UTF-8`);
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

/** Where the first text begins that is not UTF-8, in what is known to be MessagePack. */
function brokenText(bytes: Uint8Array): number | undefined {
  let at = 0;
  while (at < bytes.length) {
    const start = at;
    const type = bytes[at++] as number;
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
    if (isText && (isShort || ofLength > 0) && !isUtf8(bytes.subarray(at, end))) return start;
    at = end;
  }
  return undefined;
}
