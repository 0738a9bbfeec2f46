import type { Server, ServerWebSocket } from "bun";
import { limits } from "../../core/base/mod.ts";
import {
  type ConnectionHandle,
  type HandshakeAdmission,
  MessageKind,
  type OutgoingMessage,
  type Socket,
} from "../../core/ports/mod.ts";
import { closeCodeAllowed } from "../../core/websocket/mod.ts";
import { type ClientServerOptions, NativeSocket } from "../server/mod.ts";

/** Bun's handle, whose `data` is ours. */
export type BunWebSocket = ServerWebSocket<BunSocket>;

/** Bits of what is true of a socket. */
const Flag = {
  deflated: 1,
  /** Nothing is sent any more, and what comes is dropped. */
  closed: 2,
  /** Bun calls its `close` handler inside our own call of `close` or `terminate`. */
  closesItself: 4,
} as const;

/** One WebSocket of Bun's server. It is made before the upgrade and kept in `ws.data`. */
export class BunSocket extends NativeSocket implements Socket {
  /** Undefined once the handler's `open` was called with it. */
  admission: HandshakeAdmission | undefined;
  connection: ConnectionHandle | undefined = undefined;
  /** The server that upgraded it: the topics of each server are its own. */
  readonly server: Server<BunSocket>;
  #socket: BunWebSocket | undefined = undefined;
  #flags: number;

  constructor(admission: HandshakeAdmission, server: Server<BunSocket>) {
    super();
    this.admission = admission;
    this.server = server;
    this.#flags = admission.deflate ? Flag.deflated : 0;
  }

  opened(socket: BunWebSocket): void {
    this.#socket = socket;
  }

  get #closed(): boolean {
    return (this.#flags & Flag.closed) !== 0;
  }

  get closesItself(): boolean {
    return (this.#flags & Flag.closesItself) !== 0;
  }

  received(options: ClientServerOptions, data: string | Uint8Array): void {
    const { connection } = this;
    if (connection !== undefined && !this.#closed) this.deliver(options, connection, data);
  }

  get bufferedAmount(): number {
    return this.queuedBytes + (this.#socket?.getBufferedAmount() ?? 0);
  }

  send(message: OutgoingMessage): boolean {
    if (this.#closed) return false;
    if (message.kind === MessageKind.binary && message.byteLength > limits.queuedBytesMax) {
      // Bun writes it with a system call of its own anyway, and copies what the kernel does not
      // take. In the queue we would need a copy of it all.
      this.flush();
      this.#write(message.bytes());
    } else this.enqueue(message);
    return true;
  }

  flush(): void {
    const socket = this.#socket;
    if (this.queuedMessages === 0 || socket === undefined) return;
    if (this.queuedMessages === 1) writeAll(socket);
    else socket.cork(writeAll);
  }

  /** Writes the queue; called inside `cork` if there are several messages. */
  writeQueue(socket: BunWebSocket): void {
    for (const data of this.takeQueued()) this.#write(data, socket);
  }

  #write(data: string | Uint8Array, socket: BunWebSocket | undefined = this.#socket): void {
    // What Bun returns (-1: kept until the client reads) shows in `getBufferedAmount`.
    const deflated = (this.#flags & Flag.deflated) !== 0;
    const compress = deflated && data.length >= limits.deflateBytesMin;
    if (typeof data === "string") socket?.sendText(data, compress);
    else socket?.sendBinary(data as Uint8Array<ArrayBuffer>, compress);
  }

  close(closeCode: number, closeReason: string): void {
    if (this.#closed) return;
    this.flush();
    this.#flags |= Flag.closed | Flag.closesItself;
    // A paused socket would never read the client's answer.
    this.#socket?.resume();
    if (closeCodeAllowed(closeCode)) this.#socket?.close(closeCode, closeReason);
    else this.#socket?.close();
    this.#flags &= ~Flag.closesItself;
  }

  terminate(): void {
    this.#flags |= Flag.closed | Flag.closesItself;
    this.takeQueued();
    this.#socket?.terminate();
    this.#flags &= ~Flag.closesItself;
  }

  pause(): boolean {
    if (!this.#closed) this.#socket?.pause();
    return true;
  }

  resume(): void {
    if (!this.#closed) this.#socket?.resume();
  }

  ping(): boolean {
    if (!this.#closed) this.#socket?.ping();
    return true;
  }

  subscribe(topic: string): void {
    if (!this.#closed) this.#socket?.subscribe(topic);
  }

  /** Bun first sends what was published before. `close` unsubscribes from every topic. */
  unsubscribe(topic: string): void {
    if (!this.#closed) this.#socket?.unsubscribe(topic);
  }

  /** Publishes to the other subscribers. Does nothing, and returns false, unless it is one. */
  publish(topic: string, data: string | Uint8Array<ArrayBuffer>, compress: boolean): boolean {
    const socket = this.#socket;
    if (this.#closed || socket === undefined || !socket.isSubscribed(topic)) return false;
    socket.publish(topic, data, compress);
    return true;
  }

  /** Bun's handle is gone: nothing of it may be called any more. */
  released(): void {
    this.#flags |= Flag.closed;
    this.#socket = undefined;
    this.takeQueued();
  }
}

function writeAll(socket: BunWebSocket): void {
  socket.data.writeQueue(socket);
}
