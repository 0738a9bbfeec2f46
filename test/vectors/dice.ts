/** A small seeded source of numbers (xorshift, 32 bits), so that a failing run can be repeated. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** A whole number from 0 up to `end`, not included. */
  below(end: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % end;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** A length: small most of the time, around the steps of headers now and then. */
  length(): number {
    if (this.chance(70)) return this.below(40);
    if (this.chance(70)) return this.pick([125, 126, 127, 255, 256, 257]);
    return this.below(3_000);
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.below(256);
    return bytes;
  }

  /** Text of characters of all UTF-8 lengths. */
  text(length: number): string {
    const ascii = this.chance(50);
    let text = "";
    while (text.length < length)
      text += ascii ? "a~ 0"[this.below(4)] : this.pick([..."aé€😀\u07ff"]);
    return text;
  }

  /** Changes, cuts or adds a few bytes. */
  mutate(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const mutant = bytes.slice();
    for (let n = this.below(3); n >= 0 && mutant.length > 0; n--) {
      const at = this.chance(60)
        ? this.below(Math.min(16, mutant.length))
        : this.below(mutant.length);
      mutant[at] = this.chance(50) ? this.below(256) : mutant[at]! ^ (1 << this.below(8));
    }
    return this.chance(15) ? mutant.slice(0, this.below(mutant.length + 1)) : mutant;
  }

  /** Cuts bytes into chunks, a few or many. */
  chunks(bytes: Uint8Array): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    const most = this.pick([1, 3, 20, 200, 100_000]);
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + this.below(most);
      chunks.push(bytes.slice(at, at + length));
      at += length;
    }
    return chunks;
  }
}

/** Seeds that every run tries again: add one with which a run found a fault of the product. */
export const oldSeeds: readonly number[] = [20_261_123];

/** Each run has a new seed; FUZZ_SEED names one, to repeat a run. */
export function fuzzSeed(given: string | undefined): number {
  if (given !== undefined && given !== "") return Number(given);
  return Math.floor(Math.random() * 0x7fff_ffff);
}
