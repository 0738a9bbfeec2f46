import type { Random } from "../ports/mod.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const digits = Uint8Array.from(alphabet, (char) => char.charCodeAt(0));

/** Characters of the slot in an id. */
const slotChars = 4;
/** Random characters of an id: 132 bits, so that it cannot be guessed and never comes again. */
const secretChars = 22;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A new connection id, `NODE.SSSSRRRRRRRRRRRRRRRRRRRRRR`: the node's name, the slot (24 bits,
 * big-endian, base64url), a random secret. At most 32 + 1 + 26 characters. The secret makes an id
 * of an earlier incarnation, or of an earlier connection in the same slot, reach nobody.
 */
export function newConnectionId(node: string, slot: number, random: Random): string {
  // As bytes: a string that grows by a character leaves a smaller one behind at each step.
  const id = new Uint8Array(node.length + 1 + slotChars + secretChars);
  let { written: at } = encoder.encodeInto(`${node}.`, id);
  for (let shift = 18; shift >= 0; shift -= 6) id[at++] = digits[(slot >> shift) & 63]!;
  for (const byte of random.fill(new Uint8Array(secretChars))) id[at++] = digits[byte & 63]!;
  return decoder.decode(id);
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
