/** A chunk of a socket's bytes, and how much of it was read. */
export class Chunk {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;

  start(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
  }
}

/** A frame's mask as one number; its first byte is the lowest. */
export function maskFrom(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** The mask for a payload that goes on at index 0 to 3 of the mask. */
export function maskFromPlace(mask: number, place: number): number {
  return place === 0 ? mask : (mask >>> (place * 8)) | (mask << (32 - place * 8));
}

/**
 * XORs the chunk's next `length` bytes with the mask into `to`, and passes them (RFC 6455, 5.3).
 * The result is above 127 where one of the unmasked bytes is not ASCII.
 */
export function unmask(
  chunk: Chunk,
  length: number,
  mask: number,
  to: Uint8Array,
  at: number,
): number {
  const from = chunk.bytes;
  const start = chunk.at;
  const m0 = mask & 0xff;
  const m1 = (mask >>> 8) & 0xff;
  const m2 = (mask >>> 16) & 0xff;
  const m3 = mask >>> 24;
  let seen = 0;
  let i = 0;
  for (const whole = length & ~3; i < whole; i += 4) {
    const b0 = from[start + i]! ^ m0;
    const b1 = from[start + i + 1]! ^ m1;
    const b2 = from[start + i + 2]! ^ m2;
    const b3 = from[start + i + 3]! ^ m3;
    to[at + i] = b0;
    to[at + i + 1] = b1;
    to[at + i + 2] = b2;
    to[at + i + 3] = b3;
    seen |= b0 | b1 | b2 | b3;
  }
  for (; i < length; i++) {
    const byte = from[start + i]! ^ ((mask >>> ((i & 3) * 8)) & 0xff);
    to[at + i] = byte;
    seen |= byte;
  }
  chunk.at = start + length;
  return seen;
}
