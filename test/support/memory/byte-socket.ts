import { assert } from "../../../core/base/mod.ts";
import type { ByteSocket, ByteSocketListener } from "../../../core/ports/mod.ts";

/** A byte stream without a network. Its methods do what the other side does. */
export class MemoryByteSocket implements ByteSocket {
  /** What the kernel has taken, write by write. */
  readonly taken: Uint8Array[] = [];
  listener: ByteSocketListener | undefined = undefined;
  ended = false;
  destroyed = false;
  paused = false;
  #blocked = false;
  #unsent: Uint8Array[] = [];
  #unread: Uint8Array[] = [];
  #closed = false;

  get bufferedAmount(): number {
    return this.#unsent.reduce((sum, { length }) => sum + length, 0);
  }

  write(bytes: Uint8Array): void {
    assert(!this.ended, "a write after the end");
    if (this.destroyed) return;
    if (this.#blocked) this.#unsent.push(bytes);
    else this.taken.push(bytes);
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#unsent = [];
    queueMicrotask(() => this.#close());
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    queueMicrotask(() => this.#deliver());
  }

  /** The other side sends. */
  receive(chunk: Uint8Array): void {
    this.#unread.push(chunk);
    this.#deliver();
  }

  /** The other side stops reading: the kernel takes nothing more. */
  block(): void {
    this.#blocked = true;
  }

  unblock(): void {
    this.#blocked = false;
    if (this.#unsent.length === 0) return;
    this.taken.push(...this.#unsent);
    this.#unsent = [];
    this.listener?.drained();
  }

  /** The other side closes its stream, or it breaks. */
  cut(): void {
    this.destroyed = true;
    this.#close();
  }

  #deliver(): void {
    while (!this.paused && !this.destroyed) {
      const chunk = this.#unread.shift();
      if (chunk === undefined) return;
      this.listener?.data(chunk);
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.listener?.closed();
  }
}
