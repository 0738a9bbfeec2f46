import {
  type ConnectionHandle,
  type HandshakeAdmission,
  MessageKind,
  type OutgoingMessage,
  type SocketHandler,
} from "../../../core/ports/mod.ts";
import type { FannedSocket, MemoryBroadcast } from "./broadcast.ts";

/** What a client of a memory socket got. */
export type MemoryDelivery =
  | { readonly type: "message"; readonly data: string | Uint8Array }
  | { readonly type: "close"; readonly closeCode: number; readonly closeReason: string }
  | { readonly type: "ping" };

/** A WebSocket without a network, with both of its ends: engine native in one object. */
export class MemorySocket implements FannedSocket {
  readonly connection: ConnectionHandle;
  /** What the client has read. */
  readonly delivered: MemoryDelivery[] = [];
  /** Absent without a broadcast to take part in. */
  readonly subscribe?: (topic: string) => void;
  readonly unsubscribe?: (topic: string) => void;
  readonly #handler: SocketHandler;
  #queued: MemoryDelivery[] = [];
  #unread: MemoryDelivery[] = [];
  #held: (() => void)[] = [];
  #reading = true;
  #paused = false;
  #closing = false;
  #closed = false;

  constructor(
    handler: SocketHandler,
    admission: HandshakeAdmission,
    broadcast?: MemoryBroadcast | undefined,
  ) {
    this.#handler = handler;
    if (broadcast !== undefined) {
      this.subscribe = (topic) => {
        if (!this.#closing) broadcast.add(topic, this);
      };
      this.unsubscribe = (topic) => broadcast.remove(topic, this);
    }
    this.connection = handler.open(this, admission);
  }

  get bufferedAmount(): number {
    return bytesOf(this.#queued) + bytesOf(this.#unread);
  }

  send(message: OutgoingMessage): boolean {
    if (this.#closing) return false;
    this.#queued.push({ type: "message", data: dataOf(message) });
    return true;
  }

  sendNow(message: OutgoingMessage): void {
    if (this.#closing) return;
    const to = this.#reading ? this.delivered : this.#unread;
    to.push({ type: "message", data: dataOf(message) });
  }

  flush(): void {
    const queued = this.#queued;
    this.#queued = [];
    (this.#reading ? this.delivered : this.#unread).push(...queued);
  }

  close(closeCode: number, closeReason: string): void {
    if (this.#closing) return;
    this.#queued.push({ type: "close", closeCode, closeReason });
    this.flush();
    this.#closing = true;
    queueMicrotask(() => this.#reportClosed(closeCode, closeReason));
  }

  terminate(): void {
    this.#closing = true;
    this.#unread = [];
    this.#queued = [];
    queueMicrotask(() => this.#reportClosed(1006, ""));
  }

  pause(): boolean {
    this.#paused = true;
    return true;
  }

  resume(): void {
    this.#paused = false;
    queueMicrotask(() => {
      while (!this.#paused && this.#held.length > 0) this.#held.shift()?.();
    });
  }

  ping(): boolean {
    if (this.#closing) return true;
    this.#queued.push({ type: "ping" });
    this.flush();
    return true;
  }

  /** The client sends a message. */
  receive(data: string | Uint8Array): void {
    this.#receive(() => {
      if (this.#closing) return;
      if (typeof data === "string") this.#handler.text(this.connection, data);
      else this.#handler.binary(this.connection, data);
    });
  }

  /** The client answers a ping. */
  pong(): void {
    this.#receive(() => this.#handler.pong(this.connection, 1));
  }

  /** The client closes; 1005 stands for a close frame without a code. */
  clientCloses(closeCode: number, closeReason: string): void {
    this.#receive(() => {
      // It answers a close of ours, which tells of itself.
      if (this.#closing) return;
      this.#closing = true;
      this.#reportClosed(closeCode, closeReason);
    });
  }

  /** The client's stream breaks. */
  cut(): void {
    this.#closing = true;
    this.#reportClosed(1006, "");
  }

  /** The client stops reading. */
  block(): void {
    this.#reading = false;
  }

  unblock(): void {
    this.#reading = true;
    this.delivered.push(...this.#unread);
    this.#unread = [];
  }

  #receive(event: () => void): void {
    if (this.#paused || this.#held.length > 0) this.#held.push(event);
    else event();
  }

  #reportClosed(closeCode: number, closeReason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#held = [];
    this.#handler.closed(this.connection, closeCode, closeReason);
    this.#handler.gone(this.connection);
  }
}

function dataOf(message: OutgoingMessage): string | Uint8Array {
  return message.kind === MessageKind.text ? message.text() : message.payload();
}

function bytesOf(deliveries: readonly MemoryDelivery[]): number {
  return deliveries.reduce((sum, delivery) => {
    return delivery.type === "message" ? sum + delivery.data.length : sum;
  }, 0);
}
