import type { Random } from "../ports/mod.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Random characters of an id: 132 bits, so that it cannot be guessed and never comes again. */
const secretChars = 22;

/**
 * A new connection id, `NODE.SSSSRRRRRRRRRRRRRRRRRRRRRR`: the node's name, the slot (24 bits,
 * big-endian, base64url), a random secret. At most 32 + 1 + 26 characters. The secret makes an id
 * of an earlier incarnation, or of an earlier connection in the same slot, reach nobody.
 */
export function newConnectionId(node: string, slot: number, random: Random): string {
  let id = `${node}.`;
  for (let shift = 18; shift >= 0; shift -= 6) id += alphabet[(slot >> shift) & 63];
  for (const byte of random.fill(new Uint8Array(secretChars))) id += alphabet[byte & 63];
  return id;
}

/** The slot that an id of this node contains; -1 if it contains none. */
export function slotOfConnectionId(id: string): number {
  const start = id.indexOf(".") + 1;
  if (start === 0 || id.length < start + 4) return -1;
  let slot = 0;
  for (let at = start; at < start + 4; at++) {
    const digit = alphabet.indexOf(id.charAt(at));
    if (digit < 0) return -1;
    slot = slot * 64 + digit;
  }
  return slot;
}
