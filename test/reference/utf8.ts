/** The state after a byte that is not valid. */
export const utf8Bad = 8;

const states = 9;
const afterE0 = 4;
const afterEd = 5;
const afterF0 = 6;
const afterF4 = 7;

/**
 * The next state by state and byte. 0 is between characters; in 1 to 3 so many continuation bytes
 * are missing; in 4 to 7 the first byte narrows the second (RFC 3629, 4).
 */
const table: Uint8Array = makeTable();

function makeTable(): Uint8Array {
  const next = new Uint8Array(states * 256).fill(utf8Bad);
  const rule = (state: number, from: number, to: number, then: number): void => {
    next.fill(then, state * 256 + from, state * 256 + to + 1);
  };
  rule(0, 0x00, 0x7f, 0);
  rule(0, 0xc2, 0xdf, 1);
  rule(0, 0xe0, 0xe0, afterE0);
  rule(0, 0xe1, 0xef, 2);
  rule(0, 0xed, 0xed, afterEd);
  rule(0, 0xf0, 0xf0, afterF0);
  rule(0, 0xf1, 0xf3, 3);
  rule(0, 0xf4, 0xf4, afterF4);
  rule(1, 0x80, 0xbf, 0);
  rule(2, 0x80, 0xbf, 1);
  rule(3, 0x80, 0xbf, 2);
  rule(afterE0, 0xa0, 0xbf, 1);
  rule(afterEd, 0x80, 0x9f, 1);
  rule(afterF0, 0x90, 0xbf, 2);
  rule(afterF4, 0x80, 0x8f, 2);
  return next;
}

/** The state after bytes `from` to `to` (exclusive); `utf8Bad` as soon as a byte is not valid. */
export function utf8Step(state: number, bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  let now = state;
  while (at < to) {
    now = table[(now << 8) | bytes[at]!]!;
    if (now === utf8Bad) return utf8Bad;
    at++;
  }
  return now;
}

/** Whether bytes `from` to `to` (exclusive) are valid UTF-8, complete at the end. */
export function utf8Valid(bytes: Uint8Array, from: number, to: number): boolean {
  return utf8Step(0, bytes, from, to) === 0;
}
