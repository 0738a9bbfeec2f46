// Loops over bytes, 16 at a time. Functions named `…Over` may read and overwrite up to 15 bytes
// past the end (`SLACK_BYTES`); functions named `…Within` touch no byte outside.

/** Copies forward; `to` must not lie inside `from`. */
// @ts-ignore: decorator
@inline
export function copyOver(to: usize, from: usize, length: u32): void {
  for (let i: u32 = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i));
}

/**
 * XORs with the mask (RFC 6455, 5.3) from one area to another. Not zero if a byte has its high
 * bit set: only then must a text be checked for UTF-8.
 */
export function unmaskOver(to: usize, from: usize, length: u32, mask: u32): u32 {
  const masks = i32x4.splat(mask);
  let seen = i32x4.splat(0);
  let i: u32 = 0;
  for (const whole = length & ~15; i < whole; i += 16) {
    const unmasked = v128.xor(v128.load(from + i), masks);
    v128.store(to + i, unmasked);
    seen = v128.or(seen, unmasked);
  }
  const rest = length & 15;
  let high = <u32>i8x16.bitmask(seen);
  if (rest) {
    const unmasked = v128.xor(v128.load(from + i), masks);
    v128.store(to + i, unmasked);
    // Bytes past the end do not belong to the message.
    high |= <u32>i8x16.bitmask(unmasked) & ((1 << rest) - 1);
  }
  return high;
}

/** XORs in place. The next frame follows, so no byte past the end is touched. */
export function unmaskWithin(at: usize, length: u32, mask: u32): void {
  const masks = i32x4.splat(mask);
  let i: u32 = 0;
  for (const whole = length & ~15; i < whole; i += 16) {
    v128.store(at + i, v128.xor(v128.load(at + i), masks));
  }
  for (; i < length; i++) {
    store<u8>(at + i, load<u8>(at + i) ^ <u8>(mask >> ((i & 3) << 3)));
  }
}

/** Whether two areas are equal. It may read past both ends. */
export function equalOver(left: usize, right: usize, length: u32): bool {
  let i: u32 = 0;
  for (const whole = length & ~15; i < whole; i += 16) {
    if (v128.any_true(v128.xor(v128.load(left + i), v128.load(right + i)))) return false;
  }
  const rest = length & 15;
  if (!rest) return true;
  const equal = i8x16.eq(v128.load(left + i), v128.load(right + i));
  return !(~i8x16.bitmask(equal) & ((1 << rest) - 1));
}
