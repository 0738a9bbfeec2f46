import type { Body } from "./body-buffer.ts";

const nothing: Uint8Array = new Uint8Array(0);

/** Passes a body on as it comes, and keeps nothing of it. */
export class BodyPieces implements Body {
  length = 0;
  readonly #piece: (bytes: Uint8Array) => void;

  constructor(piece: (bytes: Uint8Array) => void) {
    this.#piece = piece;
  }

  check(): void {}

  push(piece: Uint8Array): void {
    this.length += piece.length;
    this.#piece(piece);
  }

  take(): Uint8Array {
    return nothing;
  }
}
