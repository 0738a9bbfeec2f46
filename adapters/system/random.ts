import type { Random } from "../../core/ports/mod.ts";

/** One call of the system's source fills many connections' ids. */
const poolBytes = 4_096;

/** Web Crypto: `getRandomValues` gives at most this much a call. */
const callBytesMax = 65_536;

/** The system's secure random source, asked for a pool at a time. */
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
    // Bytes that were given away are secrets of somebody's id: they don't stay here.
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
