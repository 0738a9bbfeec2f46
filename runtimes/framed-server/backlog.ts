import { limits } from "../../core/base/mod.ts";

/**
 * The bytes that wait for a client that does not read. A stream keeps an object for each write,
 * and a small frame keeps the slab in memory that it was cut from, so a queue of small frames
 * would take many times its bytes. Here it takes its bytes and one block.
 */
export class Backlog {
  byteLength = 0;
  #pieces: Uint8Array[] = [];
  #block: Uint8Array | undefined = undefined;
  #used = 0;

  add(bytes: Uint8Array): void {
    this.byteLength += bytes.length;
    if (bytes.length > limits.slabBytes >> 2) {
      // It has a buffer of its own, which other connections may share.
      this.#closeBlock();
      this.#pieces.push(bytes);
    } else {
      this.#copy(bytes);
    }
  }

  /** Hands everything on in order, as far as `write` takes it: it returns how many bytes. */
  drain(write: (bytes: Uint8Array) => number): void {
    this.#closeBlock();
    const pieces = this.#pieces;
    this.#pieces = [];
    for (const [index, piece] of pieces.entries()) {
      const taken = write(piece);
      this.byteLength -= taken;
      if (taken === piece.length) continue;
      this.#pieces = pieces.slice(index);
      this.#pieces[0] = piece.subarray(taken);
      return;
    }
  }

  #copy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      this.#block ??= new Uint8Array(limits.backlogBlockBytes);
      const part = bytes.subarray(at, at + this.#block.length - this.#used);
      this.#block.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
      if (this.#used === this.#block.length) this.#closeBlock();
    }
  }

  #closeBlock(): void {
    const block = this.#block;
    const used = this.#used;
    if (block === undefined) return;
    this.#pieces.push(used === block.length ? block : block.slice(0, used));
    this.#block = undefined;
    this.#used = 0;
  }
}
