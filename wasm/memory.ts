import type { Exports } from "./instance.ts";

/** Bytes past an area that the module may read or spoil: `SLACK_BYTES` of its constants. */
const slackBytes = 32;

/** A view on an instance's memory that is renewed when the memory has grown. */
export class Memory {
  readonly #wasm: Exports;
  #bytes: Uint8Array<ArrayBuffer>;

  constructor(wasm: Exports) {
    this.#wasm = wasm;
    this.#bytes = this.#view();
  }

  #view(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#wasm.memory.buffer as ArrayBuffer);
  }

  /** All bytes; not to be kept over a call that may allocate. */
  bytes(): Uint8Array<ArrayBuffer> {
    // Growth detaches the old buffer, and a view on that has no length.
    if (this.#bytes.length === 0) this.#bytes = this.#view();
    return this.#bytes;
  }

  view(at: number, length: number): Uint8Array {
    return this.bytes().subarray(at, at + length);
  }

  copy(at: number, length: number): Uint8Array<ArrayBuffer> {
    return this.bytes().slice(at, at + length);
  }

  /** A block for `bytes` bytes, to be freed. */
  allocate(bytes: number): number {
    return this.#wasm.allocate(bytes + slackBytes) >>> 0;
  }

  free(at: number): void {
    this.#wasm.free(at);
  }
}
