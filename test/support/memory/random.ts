import type { Random } from "../../../core/ports/mod.ts";

/** The same bytes for the same seed: for tests and repeatable runs, never for secrets. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  fill(target: Uint8Array): Uint8Array {
    for (let index = 0; index < target.length; index += 1) target[index] = this.#next() >>> 24;
    return target;
  }

  /** A whole number from 0 to `end - 1`. */
  below(end: number): number {
    return Math.floor((this.#next() / 0x1_0000_0000) * end);
  }

  /** Mulberry32, a public-domain generator: a counter, well mixed. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
