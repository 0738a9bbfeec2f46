// MessagePack's structure: https://github.com/msgpack/msgpack/blob/master/spec.md. Nothing is read
// before its length was checked.

import { NESTING_MAX } from "./constants";

/** Values that are not passed yet, of each open container. */
const open: usize = memory.data(4 * 33);

/** Elements of the array, or bytes of the str or bin, that a `read…` function found. */
export let found: u32 = 0;
/** Where those start. */
export let foundAt: usize = 0;

/**
 * Passes one value with all that is inside. Returns where the next value starts, or 0 if the
 * bytes end too early, are not MessagePack, or nest deeper than `NESTING_MAX`, of which `depth`
 * levels are open already.
 */
export function passValue(at: usize, end: usize, depth: u32): usize {
  let level = depth;
  let left: u32 = 1;
  while (true) {
    while (!left) {
      if (level == depth) return at;
      level--;
      left = load<u32>(open + (level << 2));
    }
    left--;
    if (at >= end) return 0;
    const byte = <u32>load<u8>(at);
    at++;
    let inside: u32 = 0;
    if (byte < 0x80 || byte >= 0xe0) continue;
    if (byte >= 0xa0 && byte < 0xc0) {
      const length = byte & 0x1f;
      if (length > <u32>(end - at)) return 0;
      at += length;
      continue;
    }
    if (byte < 0xa0) {
      inside = byte < 0x90 ? (byte & 0x0f) << 1 : byte & 0x0f;
    } else if (byte >= 0xdc && byte <= 0xdf) {
      const wide = byte & 1;
      const headBytes: u32 = wide ? 4 : 2;
      if (headBytes > <u32>(end - at)) return 0;
      const count: u32 = wide ? bswap<u32>(load<u32>(at)) : bswap<u16>(load<u16>(at));
      at += headBytes;
      // Each value takes at least a byte, so a count past the rest cannot be right.
      if (count > <u32>(end - at)) return 0;
      inside = byte >= 0xde ? count << 1 : count;
    } else {
      at = passScalar(byte, at, end);
      if (!at) return 0;
      continue;
    }
    if (level >= NESTING_MAX) return 0;
    store<u32>(open + (level << 2), left);
    level++;
    left = inside;
  }
}

/** Passes what follows a first byte of C0 to DB, which starts no container. */
function passScalar(byte: u32, at: usize, end: usize): usize {
  const rest = <u32>(end - at);
  let bytes: u64 = 0;
  if (byte == 0xc1) return 0;
  if (byte >= 0xc4 && byte <= 0xc9 || byte >= 0xd9) {
    // bin, ext and str have one, two or four length bytes; an ext also has a type byte.
    const kind = byte >= 0xd9 ? byte - 0xd9 : byte >= 0xc7 ? byte - 0xc7 : byte - 0xc4;
    const headBytes: u32 = 1 << kind;
    if (headBytes > rest) return 0;
    bytes = <u64>headBytes + (byte >= 0xc7 && byte <= 0xc9 ? 1 : 0);
    if (kind == 0) bytes += load<u8>(at);
    else if (kind == 1) bytes += bswap<u16>(load<u16>(at));
    else bytes += bswap<u32>(load<u32>(at));
  } else if (byte == 0xca) {
    bytes = 4;
  } else if (byte == 0xcb) {
    bytes = 8;
  } else if (byte >= 0xcc && byte <= 0xd3) {
    bytes = 1 << (byte & 3);
  } else if (byte >= 0xd4) {
    bytes = 1 + (1 << (byte - 0xd4));
  }
  return bytes > rest ? 0 : at + <usize>bytes;
}

// The functions below read bytes that `passValue` has passed, so all lengths are valid.

/** Reads an array's head; false if no array starts here. */
export function readArray(at: usize): bool {
  const byte = <u32>load<u8>(at);
  if ((byte & 0xf0) == 0x90) {
    found = byte & 0x0f;
    foundAt = at + 1;
  } else if (byte == 0xdc) {
    found = bswap<u16>(load<u16>(at + 1));
    foundAt = at + 3;
  } else if (byte == 0xdd) {
    found = bswap<u32>(load<u32>(at + 1));
    foundAt = at + 5;
  } else {
    return false;
  }
  return true;
}

/** Reads the head of a str (`base` D9) or bin (`base` C4); false if none starts here. */
function readBytes(at: usize, base: u32): bool {
  const byte = <u32>load<u8>(at);
  if (byte == base) {
    found = load<u8>(at + 1);
    foundAt = at + 2;
  } else if (byte == base + 1) {
    found = bswap<u16>(load<u16>(at + 1));
    foundAt = at + 3;
  } else if (byte == base + 2) {
    found = bswap<u32>(load<u32>(at + 1));
    foundAt = at + 5;
  } else {
    return false;
  }
  return true;
}

export function readStr(at: usize): bool {
  const byte = <u32>load<u8>(at);
  if ((byte & 0xe0) != 0xa0) return readBytes(at, 0xd9);
  found = byte & 0x1f;
  foundAt = at + 1;
  return true;
}

export function readBin(at: usize): bool {
  return readBytes(at, 0xc4);
}

/** Whether an integer starts here. */
export function isInteger(at: usize): bool {
  const byte = <u32>load<u8>(at);
  return byte < 0x80 || byte >= 0xe0 || (byte >= 0xcc && byte <= 0xd3);
}

/** Whether an integer or a float starts here. */
export function isNumber(at: usize): bool {
  return isInteger(at) || (load<u8>(at) & 0xfe) == 0xca;
}

/** Whether a map starts here. */
export function isMap(at: usize): bool {
  const byte = <u32>load<u8>(at);
  return (byte & 0xf0) == 0x80 || byte == 0xde || byte == 0xdf;
}

/** Whether a nil starts here, which stands for an element that is left out. */
export function isNil(at: usize): bool {
  return load<u8>(at) == 0xc0;
}

/** The integer that starts here, if it is from 0 to 2^53 − 1; otherwise −1. */
export function readCount(at: usize): i64 {
  const byte = <u32>load<u8>(at);
  at++;
  let value: i64 = -1;
  if (byte < 0x80) value = byte;
  else if (byte == 0xcc) value = load<u8>(at);
  else if (byte == 0xcd) value = bswap<u16>(load<u16>(at));
  else if (byte == 0xce) value = bswap<u32>(load<u32>(at));
  else if (byte == 0xcf || byte == 0xd3) value = <i64>bswap<u64>(load<u64>(at));
  else if (byte == 0xd0) value = load<i8>(at);
  else if (byte == 0xd1) value = <i16>bswap<u16>(load<u16>(at));
  else if (byte == 0xd2) value = <i32>bswap<u32>(load<u32>(at));
  return value < 0 || value > 0x1f_ffff_ffff_ffff ? -1 : value;
}
