// UTF-8 (RFC 3629, 4), checked in two ways. A state machine reads text that comes in pieces byte
// by byte, and stops at the first byte that cannot be valid there. Blocks of sixteen bytes are
// checked at once (utf8-blocks.ts).

import { blockFault, endsInside, initBlocks, isAscii, tailBlock } from "./utf8-blocks";

/**
 * States: 0 is between characters; in 1 to 3 so many continuation bytes are missing; in 4 to 7 the
 * first byte narrows the second.
 */
const AFTER_E0: u32 = 4;
const AFTER_ED: u32 = 5;
const AFTER_F0: u32 = 6;
const AFTER_F4: u32 = 7;
export const UTF8_BAD: u32 = 8;
const STATES: u32 = 9;

const table: usize = memory.data(9 * 256);

/** Sets the next state for bytes `from` to `to` in a state. */
function rule(state: u32, from: u32, to: u32, next: u32): void {
  for (let byte = from; byte <= to; byte++) store<u8>(table + (state << 8) + byte, <u8>next);
}

/** Fills the table, once. */
export function initUtf8(): void {
  initBlocks();
  for (let state: u32 = 0; state < STATES; state++) rule(state, 0, 255, UTF8_BAD);
  rule(0, 0x00, 0x7f, 0);
  // C0 and C1 would be overlong, F5 and above past U+10FFFF.
  rule(0, 0xc2, 0xdf, 1);
  rule(0, 0xe0, 0xe0, AFTER_E0);
  rule(0, 0xe1, 0xec, 2);
  rule(0, 0xed, 0xed, AFTER_ED);
  rule(0, 0xee, 0xef, 2);
  rule(0, 0xf0, 0xf0, AFTER_F0);
  rule(0, 0xf1, 0xf3, 3);
  rule(0, 0xf4, 0xf4, AFTER_F4);
  rule(1, 0x80, 0xbf, 0);
  rule(2, 0x80, 0xbf, 1);
  rule(3, 0x80, 0xbf, 2);
  // The bytes left out would be overlong, surrogates, overlong, and past U+10FFFF, in this order.
  rule(AFTER_E0, 0xa0, 0xbf, 1);
  rule(AFTER_ED, 0x80, 0x9f, 1);
  rule(AFTER_F0, 0x90, 0xbf, 2);
  rule(AFTER_F4, 0x80, 0x8f, 2);
}

/** Bytes from which on blocks are faster. */
const BLOCKS_BYTES_MIN: u32 = 16;

/** The state after `length` more bytes; `UTF8_BAD` as soon as a byte is not valid. */
export function utf8Step(state: u32, at: usize, length: u32): u32 {
  const end = at + length;
  // Finish the character that the last piece began: blocks start between characters.
  while (state && at < end) state = nextState(state, at++);
  if (state) return state;
  if (<u32>(end - at) >= BLOCKS_BYTES_MIN) {
    let before = i32x4.splat(0);
    for (; at + 16 <= end; at += 16) {
      const block = v128.load(at);
      if (blockFault(before, block)) return UTF8_BAD;
      before = block;
    }
    // The last character may be incomplete: go back to its start, less than four bytes away.
    do at--;
    while ((load<u8>(at) & 0xc0) == 0x80);
  }
  while (at < end) {
    state = nextState(state, at++);
    if (state == UTF8_BAD) return UTF8_BAD;
  }
  return state;
}

// @ts-ignore: decorator
@inline
function nextState(state: u32, at: usize): u32 {
  return load<u8>(table + (state << 8) + load<u8>(at));
}

/** Whether an area is valid UTF-8, complete at its end. It may read past its end. */
export function utf8Valid(at: usize, length: u32): bool {
  const end = at + length;
  let before = i32x4.splat(0);
  for (; at + 16 <= end; at += 16) {
    const block = v128.load(at);
    if (isAscii(block) ? endsInside(before) : blockFault(before, block)) return false;
    before = block;
  }
  // Zeros follow the end, so a character that is cut off there is a fault.
  const tail = tailBlock(at, <u32>(end - at));
  return !blockFault(before, tail);
}
