import { limits } from "../../core/base/mod.ts";
/**
 * Passes one MessagePack value with all that is inside. Returns where the next value starts, or -1
 * if the bytes end too early, are not MessagePack, or nest too deeply.
 */
export function passValue(
  bytes: Uint8Array,
  start: number,
  end: number,
  levelsMax: number = limits.nestingMax,
): number {
  if (start < end && !isContainer(bytes[start]!)) return passScalar(bytes, start, end);
  // Values that are not passed yet, of each open container.
  const open: number[] = [];
  let at = start;
  let left = 1;
  for (;;) {
    while (left === 0) {
      const before = open.pop();
      if (before === undefined) return at;
      left = before;
    }
    left--;
    if (at >= end) return -1;
    const byte = bytes[at]!;
    const inside = containerLength(bytes, at, end);
    if (inside < 0) {
      at = passScalar(bytes, at, end);
      if (at < 0) return -1;
      continue;
    }
    at += containerHead(byte);
    if (at > end || open.length === levelsMax) return -1;
    const isMap = byte < 0x90 || byte === 0xde || byte === 0xdf;
    if (byte >= 0xdc && inside > end - at) return -1;
    open.push(left);
    left = isMap ? inside * 2 : inside;
  }
}

function isContainer(byte: number): boolean {
  return byte >= 0x80 && (byte < 0xa0 || (byte >= 0xdc && byte < 0xe0));
}

/** Elements of the array, or pairs of the map, that starts here; -1 if none does. */
function containerLength(bytes: Uint8Array, at: number, end: number): number {
  const byte = bytes[at]!;
  if (byte >= 0x80 && byte < 0xa0) return byte & 0x0f;
  if (byte < 0xdc || byte > 0xdf) return -1;
  // A head that is cut off is refused when it is passed.
  if (at + containerHead(byte) > end) return 0;
  return (byte & 1) === 0 ? uint16(bytes, at + 1) : uint32(bytes, at + 1);
}

function containerHead(byte: number): number {
  if (byte < 0xdc) return 1;
  return (byte & 1) === 0 ? 3 : 5;
}

/**
 * Bytes after the first byte, for C0 to DB. Below zero: -1 is no valid first byte; -2, -3 and -4
 * are followed by a length of 1, 2 and 4 bytes.
 */
const sizes: readonly number[] = [
  0, -1, 0, 0, -2, -3, -4, -2, -3, -4, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, -2, -3, -4,
];

function passScalar(bytes: Uint8Array, start: number, end: number): number {
  const byte = bytes[start]!;
  let at = start + 1;
  if (byte < 0x80 || byte >= 0xe0) return at;
  if (byte < 0xc0) at += byte & 0x1f;
  else at = passSized(bytes, at, end, sizes[byte - 0xc0]!, byte);
  return at > end ? -1 : at;
}

/** Passes what follows the first byte; `size` is from the table above. */
function passSized(
  bytes: Uint8Array,
  at: number,
  end: number,
  size: number,
  byte: number,
): number {
  if (size >= 0) return at + size;
  if (size === -1) return end + 1;
  const type = byte >= 0xc7 && byte <= 0xc9 ? 1 : 0;
  const headBytes = size === -2 ? 1 : size === -3 ? 2 : 4;
  if (at + headBytes > end) return end + 1;
  const length = headBytes === 1 ? bytes[at]! : headBytes === 2 ? uint16(bytes, at) : -1;
  return at + headBytes + type + (length < 0 ? uint32(bytes, at) : length);
}

export function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function uint32(bytes: Uint8Array, at: number): number {
  return ((uint16(bytes, at) << 16) | uint16(bytes, at + 2)) >>> 0;
}
