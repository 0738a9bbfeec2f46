import { parseJson } from "../../../core/base/mod.ts";

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openArray = 0x5b;
const closeArray = 0x5d;
const openMap = 0x7b;
const closeMap = 0x7d;

/** The head of a numbered batch. Everything else is rare enough to be parsed. */
const numberedHead = /^\s*\[\s*1\s*,\s*("(?:[^"\\]|\\.)*")\s*,\s*(\d{1,16})\s*,\s*\[/;
/** Bytes in which the head must stand. */
const headBytesMax = 2_048;

/** What stands before the items of a numbered batch. */
export interface BatchHead {
  readonly stream: string;
  readonly first: number;
  /** Where the first item begins, or the end of the items. */
  readonly itemsAt: number;
}

/** Reads the head of a numbered batch in JSON; undefined if there is none. */
export function readBatchHead(bytes: Uint8Array): BatchHead | undefined {
  // latin1 has one character for each byte: positions in the text are positions in the bytes.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, headBytesMax));
  const match = numberedHead.exec(text.toString("latin1"));
  if (match === null) return undefined;
  const first = Number(match[2]);
  const stream: unknown = JSON.parse(Buffer.from(match[1]!, "latin1").toString());
  if (!Number.isSafeInteger(first) || typeof stream !== "string") return undefined;
  return { stream, first, itemsAt: match[0].length };
}

/** Where something begins and ends in a batch's bytes. */
export interface ItemSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the items of a JSON array without decoding them. `from` is behind the array's bracket, or
 * behind the comma after an item. `item` is called with each item's place and says whether to go
 * on. Returns where the scan stopped: the place of the closing bracket, or behind the last item
 * that was reported; -1 if the bytes are not such an array.
 */
export function scanItems(
  bytes: Uint8Array,
  from: number,
  item: (start: number, end: number) => boolean,
): number {
  let at = passBlanks(bytes, from);
  if (bytes[at] === closeArray) return at;
  for (;;) {
    if (bytes[at] !== openArray) return -1;
    const end = passArray(bytes, at);
    if (end < 0) return -1;
    if (!item(at, end)) return end;
    at = passBlanks(bytes, end);
    if (bytes[at] === closeArray) return at;
    if (bytes[at] !== comma) return -1;
    at = passBlanks(bytes, at + 1);
  }
}

/** One item of a batch; undefined if the bytes are no array in JSON. */
export function parseItem(bytes: Uint8Array): readonly unknown[] | undefined {
  const item = parseJson(bytes);
  return Array.isArray(item) ? item : undefined;
}

function passBlanks(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09)
    at++;
  return at;
}

/** Passes an array with all that is inside; -1 if the bytes end before it does. */
function passArray(bytes: Uint8Array, start: number): number {
  const { length } = bytes;
  let depth = 0;
  let at = start;
  while (at < length) {
    const byte = bytes[at++]!;
    if (byte === quote) {
      at = passString(bytes, at);
    } else if (byte === openArray || byte === openMap) {
      depth++;
    } else if (byte === closeArray || byte === closeMap) {
      depth--;
      if (depth === 0) return at;
    }
  }
  return -1;
}

/** Passes a string whose quote was passed; the length if it does not end. */
function passString(bytes: Uint8Array, from: number): number {
  const { length } = bytes;
  let at = from;
  while (at < length) {
    const byte = bytes[at++]!;
    if (byte === quote) return at;
    if (byte === backslash) at++;
  }
  return length;
}
