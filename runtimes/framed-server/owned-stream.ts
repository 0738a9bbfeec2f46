import type { Socket as NetSocket } from "node:net";

/** Who is told what happens to a stream: its handshake first, its WebSocket then. */
export interface StreamOwner {
  received(chunk: Uint8Array): void;
  /** The client has half-closed the stream. */
  ended(): void;
  /** The kernel has taken everything, after a write that was above the high-water mark. */
  emptied(): void;
  /** The stream is gone. */
  closed(): void;
}

/** The property by which a stream refers to its owner: listeners need no closures then. */
const owner = Symbol("owner");

interface OwnedStream extends NetSocket {
  [owner]: StreamOwner;
}

/** Begins to read a stream. The listeners are the same for all streams and stay to the end. */
export function ownStream(stream: NetSocket, first: StreamOwner): void {
  passStream(stream, first);
  stream.on("data", onData);
  stream.on("end", onEnd);
  stream.on("drain", onDrain);
  stream.on("close", onClose);
  stream.on("error", ignore);
}

/** Gives a stream to its next owner. */
export function passStream(stream: NetSocket, next: StreamOwner): void {
  (stream as OwnedStream)[owner] = next;
}

function onData(this: NetSocket, chunk: Uint8Array): void {
  (this as OwnedStream)[owner].received(chunk);
}

function onEnd(this: NetSocket): void {
  (this as OwnedStream)[owner].ended();
}

function onDrain(this: NetSocket): void {
  (this as OwnedStream)[owner].emptied();
}

function onClose(this: NetSocket): void {
  (this as OwnedStream)[owner].closed();
}

/** `close` follows, which the owner is told. Without a listener an error ends the process. */
export function ignore(): void {}
