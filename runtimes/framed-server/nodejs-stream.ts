import type { Socket as NetSocket } from "node:net";
import { Backlog } from "./backlog.ts";
import { ClientStream } from "./client-stream.ts";
import type { Deadlines } from "./deadlines.ts";

const nothing = new Uint8Array(0);

/** The property by which a stream of the runtime refers to ours. */
const ours = Symbol("ours");

interface KnownStream extends NetSocket {
  [ours]: NodejsStream;
}

/** A stream of `node:net` or `node:tls`, on any of the runtimes. */
export class NodejsStream extends ClientStream {
  readonly #stream: NetSocket;
  /** The stream has not written everything yet; a callback follows when it has. */
  #waiting = false;

  constructor(stream: NetSocket) {
    super();
    this.#stream = stream;
    (stream as KnownStream)[ours] = this;
  }

  get remoteAddress(): string {
    return this.#stream.remoteAddress ?? "";
  }

  get isWritable(): boolean {
    return this.#stream.writable && !this.#stream.destroyed;
  }

  get bufferedAmount(): number {
    return this.#stream.writableLength + (this.backlog?.byteLength ?? 0);
  }

  write(bytes: Uint8Array): void {
    if (this.#waiting) {
      this.backlog ??= new Backlog();
      this.backlog.add(bytes);
    } else {
      this.#watch(this.#put(bytes));
    }
  }

  get #encrypted(): boolean {
    return (this.#stream as { encrypted?: boolean }).encrypted === true;
  }

  /** False if the stream will emit `drain`. */
  #put(bytes: Uint8Array): boolean {
    if (!this.#encrypted) return this.#stream.write(bytes);
    return this.#stream.write(bytes, (error) => this.#written(error));
  }

  /** Makes sure that we know when the kernel has taken everything. */
  #watch(belowMark: boolean): void {
    const stream = this.#stream;
    this.#waiting = stream.writableLength > 0;
    // On Deno an empty write ends a TLS stream, so with TLS each write has a callback.
    if (!this.#waiting || !belowMark || this.#encrypted) return;
    // Below the high-water mark no `drain` comes, so an empty write is queued for its callback.
    stream.write(nothing, (error) => this.#written(error));
  }

  #written(error: Error | null | undefined): void {
    if (!error && this.#stream.writableLength === 0) this.emptied();
  }

  /** The kernel has taken everything that was written. */
  emptied(): void {
    this.#waiting = false;
    this.#writeBacklog();
    if (!this.#waiting) this.owner?.drained();
  }

  #writeBacklog(): void {
    const { backlog } = this;
    if (backlog === undefined) return;
    this.backlog = undefined;
    let belowMark = true;
    backlog.drain((piece) => {
      belowMark = this.#put(piece);
      return piece.length;
    });
    this.#watch(belowMark);
  }

  end(): void {
    this.#writeBacklog();
    this.#stream.end();
  }

  destroy(): void {
    this.backlog = undefined;
    this.#stream.destroy();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  closed(endings: Deadlines<ClientStream>): void {
    this.gone(endings);
  }
}

/** Makes our streams of a server's. The listeners are set once: the same ones for all streams. */
export function nodejsStreams(
  endings: Deadlines<ClientStream>,
): (stream: NetSocket) => NodejsStream {
  function onEnd(this: NetSocket): void {
    (this as KnownStream)[ours].clientEnded(endings);
  }
  function onClose(this: NetSocket): void {
    (this as KnownStream)[ours].closed(endings);
  }
  return (stream) => {
    const own = new NodejsStream(stream);
    stream.on("data", onData);
    stream.on("end", onEnd);
    stream.on("drain", onDrain);
    stream.on("close", onClose);
    stream.on("error", ignore);
    return own;
  };
}

function onData(this: NetSocket, chunk: Uint8Array): void {
  (this as KnownStream)[ours].owner?.data(chunk);
}

function onDrain(this: NetSocket): void {
  (this as KnownStream)[ours].emptied();
}

/** `close` follows, which the owner is told. Without a listener an error ends the process. */
export function ignore(): void {}
