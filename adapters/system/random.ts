import type { Random } from "../../core/ports/mod.ts";

/** Bytes of one call to the system's source, enough for many connection ids. */
const poolBytes = 4_096;

/** Web Crypto: the most that one call of `getRandomValues` fills. */
const callBytesMax = 65_536;

/** The system's secure random source, read in pools of `poolBytes`. */
export class SystemRandom implements Random {
  readonly #pool = new Uint8Array(poolBytes);
  #used: number = poolBytes;

  fill(target: Uint8Array): Uint8Array {
    if (target.length > poolBytes) return fillWhole(target);
    if (this.#used + target.length > poolBytes) {
      crypto.getRandomValues(this.#pool);
      this.#used = 0;
    }
    const end = this.#used + target.length;
    target.set(this.#pool.subarray(this.#used, end));
    // The bytes become parts of secret ids, so they must not stay in memory here.
    this.#pool.fill(0, this.#used, end);
    this.#used = end;
    return target;
  }
}

function fillWhole(target: Uint8Array): Uint8Array {
  for (let start = 0; start < target.length; start += callBytesMax) {
    const part = new Uint8Array(Math.min(callBytesMax, target.length - start));
    target.set(crypto.getRandomValues(part), start);
  }
  return target;
}
