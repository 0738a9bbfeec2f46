// Connection ids: `NODE.` and 26 characters, of which the first 4 are the slot in base64url
// (core/connection/new-connection-id.ts).

import { equalOver } from "./bytes";
import { ID_CHARS, SLOTS_PER_PAGE_BITS, SLOT_PAGES_MAX, NoSlot } from "./constants";
import { Flag, slotAt } from "./slots";

/** Value of a base64url character, 255 for any other byte. */
const values: usize = memory.data(256);
/** `NODE.` of this node; 33 bytes at most. */
const ownPrefix: usize = memory.data(64);
let ownPrefixBytes: u32 = 0;

/** Bytes of the longest id that the contract allows. */
const ID_BYTES_MAX: u32 = 64;
/** Bytes of the longest node name. */
const NODE_BYTES_MAX: u32 = 32;

/** Fills the table, and copies the prefix from where the host wrote it. */
export function initIds(prefix: usize, prefixBytes: u32): void {
  memory.fill(values, 255, 256);
  for (let i: u32 = 0; i < 26; i++) {
    store<u8>(values + 0x41 + i, <u8>i);
    store<u8>(values + 0x61 + i, <u8>(26 + i));
  }
  for (let i: u32 = 0; i < 10; i++) store<u8>(values + 0x30 + i, <u8>(52 + i));
  store<u8>(values + 0x2d, 62);
  store<u8>(values + 0x5f, 63);
  memory.copy(ownPrefix, prefix, prefixBytes);
  ownPrefixBytes = prefixBytes;
}

// @ts-ignore: decorator
@inline
function valueOf(at: usize): u32 {
  return load<u8>(values + load<u8>(at));
}

/** The slot of an id, or one of `NoSlot`. */
export function resolve(id: usize, length: u32): i32 {
  const rest = id + ownPrefixBytes;
  if (length == ownPrefixBytes + ID_CHARS && equalOver(id, ownPrefix, ownPrefixBytes)) {
    const index =
      (valueOf(rest) << 18) | (valueOf(rest + 1) << 12) | (valueOf(rest + 2) << 6) |
      valueOf(rest + 3);
    // With a byte outside the alphabet, the number is past the last slot.
    if (index < SLOT_PAGES_MAX << SLOTS_PER_PAGE_BITS) {
      const slot = slotAt(index);
      if (slot && slot.flags & Flag.BOUND) {
        const at = changetype<usize>(slot);
        const last = ID_CHARS - 16;
        const differs = v128.or(
          v128.xor(v128.load(at), v128.load(rest)),
          v128.xor(v128.load(at + last), v128.load(rest + last)),
        );
        if (!v128.any_true(differs)) return <i32>index;
      }
    }
  }
  return classify(id, length);
}

/** One of `NoSlot`, for an id that names no connection of this node. */
function classify(id: usize, length: u32): i32 {
  if (length > ID_BYTES_MAX) return NoSlot.MALFORMED;
  let dot: u32 = 0;
  for (; dot < length; dot++) {
    const byte = <u32>load<u8>(id + dot);
    if (byte == 0x2e) break;
    const small = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39);
    if (!small && byte != 0x2d) return NoSlot.MALFORMED;
  }
  // Without a dot, `dot` equals `length`.
  if (!dot || dot > NODE_BYTES_MAX || dot + 1 >= length) return NoSlot.MALFORMED;
  for (let i = dot + 1; i < length; i++) {
    if (valueOf(id + i) == 255) return NoSlot.MALFORMED;
  }
  const own = dot + 1 == ownPrefixBytes && equalOver(id, ownPrefix, ownPrefixBytes);
  if (!own) return NoSlot.FOREIGN;
  return length == ownPrefixBytes + ID_CHARS ? NoSlot.GONE : NoSlot.MALFORMED;
}
