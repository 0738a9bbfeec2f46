import { limits } from "../base/mod.ts";
import type { Cancel } from "../ports/mod.ts";

/** What only a closing socket needs, so that an open one stays small. */
export class Ending {
  readonly closeCode: number;
  readonly closeReason: string;
  /** Of the time that the client has for its answer. */
  readonly cancel: Cancel;
  #receivedBytes = 0;

  constructor(closeCode: number, closeReason: string, cancel: Cancel) {
    this.closeCode = closeCode;
    this.closeReason = closeReason;
    this.cancel = cancel;
  }

  /** Counts what comes after the close; whether it is more than a client may have under way. */
  floods(bytes: number): boolean {
    this.#receivedBytes += bytes;
    return this.#receivedBytes > limits.closingBytesMax;
  }
}
