import type { Socket as NetSocket } from "node:net";
import { limits } from "../../core/base/mod.ts";

/**
 * A stream while its handshake is awaited. It is read, because no runtime tells of the end of a
 * stream that nobody reads; what comes early is kept, up to a limit. Past it the stream is cut:
 * RFC 6455, 4.1 lets no client send before its answer, and unread it would keep its place.
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

  /** The wait is over. What came early, to be read before what comes from now on. */
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
