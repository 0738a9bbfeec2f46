import type { Socket as NetSocket } from "node:net";
import { limits } from "../../core/base/mod.ts";

/**
 * A stream whose handshake waits for an answer. It is read, because no runtime reports the end of
 * a stream that is not read. Early bytes are kept up to a limit; past it the stream is cut.
 * RFC 6455, 4.1: a client must not send data before the answer to its handshake.
 */
export class WaitingStream {
  readonly #stream: NetSocket;
  readonly #pieces: Uint8Array[];
  #bytes: number;
  readonly #left: () => void;

  constructor(stream: NetSocket, head: Uint8Array, left: () => void) {
    this.#stream = stream;
    this.#pieces = head.length > 0 ? [head] : [];
    this.#bytes = head.length;
    this.#left = left;
    stream.on("data", this.#keep);
    stream.on("end", left);
    stream.on("close", left);
  }

  /** Ends the wait. Returns the early bytes, to be read before later ones. */
  take(): Uint8Array {
    const stream = this.#stream;
    stream.removeListener("data", this.#keep);
    stream.removeListener("end", this.#left);
    stream.removeListener("close", this.#left);
    return this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
  }

  readonly #keep = (chunk: Uint8Array): void => {
    this.#bytes += chunk.length;
    if (this.#bytes > limits.earlyBytesMax) this.#stream.destroy();
    else this.#pieces.push(chunk);
  };
}
