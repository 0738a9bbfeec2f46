import { ServiceError } from "../../../core/base/mod.ts";

const firstBytes = 4_096;
const nothing: Uint8Array = new Uint8Array(0);

/** Where the bytes of a body go. */
export interface Body {
  /** Bytes so far. */
  readonly length: number;
  /** Throws `http-answer-too-big` if the body would be longer than it may. */
  check(more: number): void;
  push(piece: Uint8Array): void;
  /** What was kept of it. */
  take(): Uint8Array;
}

/** Collects a body in one growing buffer: a list of pieces would cost more than their bytes. */
export class BodyBuffer implements Body {
  readonly #bytesMax: number;
  #bytes: Uint8Array = nothing;
  #length = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get length(): number {
    return this.#length;
  }

  check(more: number): void {
    if (this.#length + more <= this.#bytesMax) return;
    const message = `the answer's body has more than ${this.#bytesMax} bytes`;
    throw new ServiceError("http-answer-too-big", message);
  }

  push(piece: Uint8Array): void {
    this.check(piece.length);
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }

  /** The body. The buffer is empty afterwards. */
  take(): Uint8Array {
    const body = this.#bytes.subarray(0, this.#length);
    this.#bytes = nothing;
    this.#length = 0;
    return body;
  }

  #grow(length: number): void {
    const size = Math.max(length, Math.min(this.#bytes.length * 2, this.#bytesMax), firstBytes);
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}
