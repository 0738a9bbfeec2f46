import { uint16, uint32 } from "../../wasm/values/walk.ts";

/** The inside of a str, a bin or an array. */
export interface Stretch {
  /** Where it starts. */
  readonly at: number;
  /** Bytes of a str or bin, elements of an array. */
  readonly length: number;
}

// The functions below read bytes that `passValue` has passed, so all lengths are valid.

export function readArray(bytes: Uint8Array, at: number): Stretch | undefined {
  const byte = bytes[at]!;
  if ((byte & 0xf0) === 0x90) return { at: at + 1, length: byte & 0x0f };
  if (byte === 0xdc) return { at: at + 3, length: uint16(bytes, at + 1) };
  if (byte === 0xdd) return { at: at + 5, length: uint32(bytes, at + 1) };
  return undefined;
}

export function readStr(bytes: Uint8Array, at: number): Stretch | undefined {
  const byte = bytes[at]!;
  if ((byte & 0xe0) === 0xa0) return { at: at + 1, length: byte & 0x1f };
  return readSized(bytes, at, 0xd9);
}

export function readBin(bytes: Uint8Array, at: number): Stretch | undefined {
  return readSized(bytes, at, 0xc4);
}

function readSized(bytes: Uint8Array, at: number, base: number): Stretch | undefined {
  const kind = bytes[at]! - base;
  if (kind === 0) return { at: at + 2, length: bytes[at + 1]! };
  if (kind === 1) return { at: at + 3, length: uint16(bytes, at + 1) };
  if (kind === 2) return { at: at + 5, length: uint32(bytes, at + 1) };
  return undefined;
}

/** The integer that starts here, where it is from 0 to 2^53 − 1; otherwise -1. */
export function readCount(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]!;
  if (byte < 0x80) return byte;
  if (byte === 0xcc) return bytes[at + 1]!;
  if (byte === 0xcd) return uint16(bytes, at + 1);
  if (byte === 0xce) return uint32(bytes, at + 1);
  const signed = byte >= 0xd0 && byte <= 0xd3;
  if (byte !== 0xcf && !signed) return -1;
  if (signed && bytes[at + 1]! > 127) return -1;
  if (byte === 0xd0) return bytes[at + 1]!;
  if (byte === 0xd1) return uint16(bytes, at + 1);
  if (byte === 0xd2) return uint32(bytes, at + 1);
  const high = uint32(bytes, at + 1);
  return high > 0x1f_ffff ? -1 : high * 0x1_0000_0000 + uint32(bytes, at + 5);
}

export function isInteger(byte: number): boolean {
  return byte < 0x80 || byte >= 0xe0 || (byte >= 0xcc && byte <= 0xd3);
}

export function isNumber(byte: number): boolean {
  return isInteger(byte) || (byte & 0xfe) === 0xca;
}

export function isMap(byte: number): boolean {
  return (byte & 0xf0) === 0x80 || byte === 0xde || byte === 0xdf;
}

export const nilByte = 0xc0;
