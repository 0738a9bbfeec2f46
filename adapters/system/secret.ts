import { createHash, timingSafeEqual } from "node:crypto";

/**
 * A password or token that others must know. It is kept and compared as a digest in full, so that
 * the time of a comparison tells neither its length nor how much of a guess is right.
 */
export class Secret {
  readonly #digest: Buffer;

  constructor(secret: string) {
    this.#digest = digest(secret);
  }

  equals(given: string | Uint8Array): boolean {
    return timingSafeEqual(digest(given), this.#digest);
  }
}

function digest(text: string | Uint8Array): Buffer {
  return createHash("sha256").update(text).digest();
}
