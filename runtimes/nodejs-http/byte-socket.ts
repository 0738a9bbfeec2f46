import type { Socket as NetSocket } from "node:net";
// Not the global ones: Deno's gives a number, without unref.
import { clearTimeout, setTimeout } from "node:timers";
import { limits } from "../../core/base/mod.ts";
import type { ByteSocket, ByteSocketListener } from "../../core/ports/mod.ts";

/** Where a stream keeps its byte socket, so that its listeners need no closures. */
const owner = Symbol("byte socket");

interface OwnedSocket extends NetSocket {
  [owner]: NodejsByteSocket;
}

const nothing = new Uint8Array(0);

/** A stream of `node:net`, on whichever runtime. */
export class NodejsByteSocket implements ByteSocket {
  private readonly stream: NetSocket;
  private listener: ByteSocketListener | undefined = undefined;
  /** A callback is on its way that tells when all is written. */
  private watched = false;

  constructor(stream: NetSocket) {
    this.stream = stream;
  }

  /** From now on the listener hears of the stream; called once, in the turn of the upgrade. */
  listen(listener: ByteSocketListener): void {
    this.listener = listener;
    const stream = this.stream as OwnedSocket;
    stream[owner] = this;
    stream.on("data", onData);
    stream.on("end", onEnd);
    stream.on("drain", onDrain);
    stream.on("close", onClose);
    if (stream.destroyed) queueMicrotask(() => this.tellClosed());
  }

  get bufferedBytes(): number {
    return this.stream.writableLength;
  }

  write(bytes: Uint8Array): void {
    const { stream } = this;
    if ((stream as { encrypted?: boolean }).encrypted === true) {
      // On Deno an empty write ends a stream over TLS.
      stream.write(bytes, (error) => this.written(error));
    } else if (stream.write(bytes) && stream.writableLength > 0 && !this.watched) {
      // Below the stream's mark no `drain` will come: an empty write tells when it is its turn.
      this.watched = true;
      stream.write(nothing, (error) => {
        this.watched = false;
        if (!error) this.listener?.drained();
      });
    }
  }

  private written(error: Error | null | undefined): void {
    if (!error && this.stream.writableLength === 0) this.listener?.drained();
  }

  end(): void {
    this.stream.end();
  }

  destroy(): void {
    this.stream.destroy();
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  received(chunk: Uint8Array): void {
    this.listener?.data(chunk);
  }

  tellDrained(): void {
    this.listener?.drained();
  }

  tellClosed(): void {
    const { listener } = this;
    this.listener = undefined;
    listener?.closed();
  }
}

function onData(this: NetSocket, chunk: Uint8Array): void {
  (this as OwnedSocket)[owner].received(chunk);
}

function onDrain(this: NetSocket): void {
  (this as OwnedSocket)[owner].tellDrained();
}

function onClose(this: NetSocket): void {
  (this as OwnedSocket)[owner].tellClosed();
}

/** The client half-closed: nothing that it sends will answer us, so the stream ends. */
function onEnd(this: NetSocket): void {
  if (this.writableLength === 0) this.destroy();
  else endWithin(this, limits.closeHandshakeMs);
}

/** Ends a stream after what is written; cuts it where the other side takes too long. */
export function endWithin(stream: NetSocket, ms: number): void {
  // Not the stream's own timeout: a trickle of bytes would put that off for ever.
  const timer = setTimeout(() => stream.destroy(), ms);
  timer.unref();
  stream.once("close", () => clearTimeout(timer));
  stream.end();
}
