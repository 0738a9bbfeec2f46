import type { Socket as NetSocket } from "node:net";
import { limits } from "../../core/base/mod.ts";
import type { ByteSocket, ByteSocketListener } from "../../core/ports/mod.ts";
import { Backlog } from "./backlog.ts";
import { endWithin } from "./end-within.ts";
import { passStream, type StreamOwner } from "./owned-stream.ts";

const nothing = new Uint8Array(0);

/** A TCP or TLS stream of `node:net`, on any of the runtimes. */
export class NodejsByteSocket implements ByteSocket, StreamOwner {
  readonly #stream: NetSocket;
  #listener: ByteSocketListener | undefined = undefined;
  /** The stream has not written everything yet; a callback follows when it has. */
  #waiting = false;
  #backlog: Backlog | undefined = undefined;

  constructor(stream: NetSocket) {
    this.#stream = stream;
  }

  /** Takes the stream over. Called once, in the turn of the upgrade. */
  listen(listener: ByteSocketListener): void {
    this.#listener = listener;
    const stream = this.#stream;
    passStream(stream, this);
    if (stream.destroyed) queueMicrotask(() => this.closed());
  }

  get bufferedAmount(): number {
    return this.#stream.writableLength + (this.#backlog?.byteLength ?? 0);
  }

  write(bytes: Uint8Array): void {
    if (this.#waiting) {
      this.#backlog ??= new Backlog();
      this.#backlog.add(bytes);
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
    if (!this.#waiting) this.#listener?.drained();
  }

  #writeBacklog(): void {
    const backlog = this.#backlog;
    if (backlog === undefined) return;
    this.#backlog = undefined;
    let belowMark = true;
    for (const piece of backlog.take()) belowMark = this.#put(piece);
    this.#watch(belowMark);
  }

  /** Ends the stream after everything was written; cuts it if that takes longer than `ms`. */
  end(ms?: number): void {
    this.#writeBacklog();
    if (ms === undefined) this.#stream.end();
    else endWithin(this.#stream, ms);
  }

  destroy(): void {
    this.#backlog = undefined;
    this.#stream.destroy();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  received(chunk: Uint8Array): void {
    this.#listener?.data(chunk);
  }

  /** The client has half-closed the stream, so it can answer nothing any more: the stream ends. */
  ended(): void {
    if (this.bufferedAmount === 0) this.#stream.destroy();
    else this.end(limits.closeHandshakeMs);
  }

  closed(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#backlog = undefined;
    listener?.closed();
  }
}
