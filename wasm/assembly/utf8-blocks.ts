// UTF-8 sixteen bytes at a time, after J. Keiser and D. Lemire, "Validating UTF-8 in less than one
// instruction per byte" (2021): three half bytes, both of the first and the upper one of the
// second, show what can be wrong with two neighbouring bytes. A table for each half byte gives the
// possible faults as bits. A bit that is set in all three is a fault.

/** A first byte of two or more without its continuation. */
const TOO_SHORT: u32 = 1;
/** A continuation after an ASCII byte. */
const TOO_LONG: u32 = 2;
/** E0 and a continuation below A0. */
const OVERLONG_3: u32 = 4;
/** F4 and a continuation above 8F, or F5 to FF and one above 8F. */
const TOO_LARGE: u32 = 8;
/** ED and a continuation above 9F. */
const SURROGATE: u32 = 16;
/** C0 or C1. */
const OVERLONG_2: u32 = 32;
/** F0 and a continuation below 90; F5 to FF and one below 90. */
const OVERLONG_4: u32 = 64;
/** Two continuations: a fault unless the byte two or three places before needs them. */
const TWO_CONTINUATIONS: u32 = 128;
/** Faults that do not depend on the lower half of the first byte. */
const ANY_LOW: u32 = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS;

const firstUpper: usize = memory.data(16);
const firstLower: usize = memory.data(16);
const secondUpper: usize = memory.data(16);
/** For each place in a block: the lowest byte that starts a character which ends after it. */
const unfinished: usize = memory.data(16);
/** Sixteen bytes of ones, then sixteen of zeros: a load between them is the mask of a tail. */
const ones: usize = memory.data(32);

function set(table: usize, from: u32, to: u32, faults: u32): void {
  for (let half = from; half <= to; half++) store<u8>(table + half, <u8>faults);
}

/** Fills the tables, once. */
export function initBlocks(): void {
  set(firstUpper, 0x0, 0x7, TOO_LONG);
  set(firstUpper, 0x8, 0xb, TWO_CONTINUATIONS);
  set(firstUpper, 0xc, 0xc, TOO_SHORT | OVERLONG_2);
  set(firstUpper, 0xd, 0xd, TOO_SHORT);
  set(firstUpper, 0xe, 0xe, TOO_SHORT | OVERLONG_3 | SURROGATE);
  set(firstUpper, 0xf, 0xf, TOO_SHORT | TOO_LARGE | OVERLONG_4);
  set(firstLower, 0x0, 0x0, ANY_LOW | OVERLONG_2 | OVERLONG_3 | OVERLONG_4);
  set(firstLower, 0x1, 0x1, ANY_LOW | OVERLONG_2);
  set(firstLower, 0x2, 0x3, ANY_LOW);
  set(firstLower, 0x4, 0x4, ANY_LOW | TOO_LARGE);
  set(firstLower, 0x5, 0xf, ANY_LOW | TOO_LARGE | OVERLONG_4);
  set(firstLower, 0xd, 0xd, ANY_LOW | TOO_LARGE | OVERLONG_4 | SURROGATE);
  const continuation = TOO_LONG | TWO_CONTINUATIONS | OVERLONG_2;
  set(secondUpper, 0x0, 0x7, TOO_SHORT);
  set(secondUpper, 0x8, 0x8, continuation | OVERLONG_3 | OVERLONG_4);
  set(secondUpper, 0x9, 0x9, continuation | OVERLONG_3 | TOO_LARGE);
  set(secondUpper, 0xa, 0xb, continuation | SURROGATE | TOO_LARGE);
  set(secondUpper, 0xc, 0xf, TOO_SHORT);
  memory.fill(unfinished, 0xff, 16);
  store<u8>(unfinished + 13, 0xf0);
  store<u8>(unfinished + 14, 0xe0);
  store<u8>(unfinished + 15, 0xc0);
  memory.fill(ones, 0xff, 16);
}

// @ts-ignore: decorator
@inline
export function isAscii(block: v128): bool {
  return !i8x16.bitmask(block);
}

/** Whether a block ends inside a character. */
// @ts-ignore: decorator
@inline
export function endsInside(block: v128): bool {
  const reached = i8x16.ge_u(block, v128.load(unfinished));
  return (i8x16.bitmask(reached) & 0xe000) != 0;
}

/** Whether a block, together with the block before it, has a fault. */
// @ts-ignore: decorator
@inline
export function blockFault(before: v128, block: v128): bool {
  const low = i8x16.splat(0x0f);
  const first = v128.shuffle<i8>(
    before, block, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
  );
  const faults = v128.and(
    v128.and(
      i8x16.swizzle(v128.load(firstUpper), i8x16.shr_u(first, 4)),
      i8x16.swizzle(v128.load(firstLower), v128.and(first, low)),
    ),
    i8x16.swizzle(v128.load(secondUpper), i8x16.shr_u(block, 4)),
  );
  const second = v128.shuffle<i8>(
    before, block, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
  );
  const third = v128.shuffle<i8>(
    before, block, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
  );
  // E0 and above two bytes before, or F0 and above three bytes before, need a second continuation.
  // TWO_CONTINUATIONS must be set exactly then.
  const asked = v128.or(
    i8x16.ge_u(second, i8x16.splat(<i8>0xe0)),
    i8x16.ge_u(third, i8x16.splat(<i8>0xf0)),
  );
  const wanted = v128.and(asked, i8x16.splat(<i8>0x80));
  return v128.any_true(v128.xor(wanted, faults));
}

/** The last bytes of a text, fewer than sixteen, followed by zeros. */
// @ts-ignore: decorator
@inline
export function tailBlock(at: usize, length: u32): v128 {
  return v128.and(v128.load(at), v128.load(ones + 16 - length));
}
