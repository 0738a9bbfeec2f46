/**
 * Cuts small buffers from a large one. Each piece is given out once and never taken back, so it
 * may be kept; the large buffer lives as long as any of its pieces.
 */
export class Slab {
  readonly #slabBytes: number;
  #slab = new Uint8Array(0);
  #used = 0;

  constructor(slabBytes: number) {
    this.#slabBytes = slabBytes;
  }

  take(byteLength: number): Uint8Array {
    // A piece that takes much of a slab would waste the rest of the one before.
    if (byteLength > this.#slabBytes >> 2) return new Uint8Array(byteLength);
    if (byteLength > this.#slab.length - this.#used) {
      this.#slab = new Uint8Array(this.#slabBytes);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used = start + byteLength;
    return this.#slab.subarray(start, this.#used);
  }
}
