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

/** Bun's handle, whose `data` is ours. */
export type BunWebSocket = ServerWebSocket<BunSocket>;

/** One WebSocket of Bun's server. It is made before the upgrade and stands in `ws.data`. */
export class BunSocket implements Socket {
  /** What `open` will be told; dropped there. */
  admission: HandshakeAdmission | undefined;
  connection: ConnectionHandle | undefined = undefined;
  /** Bun calls `close` inside our own call of it; the handler hears of it after that. */
  closesItself = false;
  /** Who upgraded it: the topics of each server are its own. */
  readonly server: Server<BunSocket>;
  private socket: BunWebSocket | undefined = undefined;
  private readonly deflated: boolean;
  /** Nothing is sent any more, and what comes is dropped. */
  closed = false;
  private queued: (string | Uint8Array)[] | undefined = undefined;
  private queuedBytes = 0;

  constructor(admission: HandshakeAdmission, server: Server<BunSocket>) {
    this.admission = admission;
    this.server = server;
    this.deflated = admission.deflate;
  }

  opened(socket: BunWebSocket): void {
    this.socket = socket;
  }

  get bufferedAmount(): number {
    return this.queuedBytes + (this.socket?.getBufferedAmount() ?? 0);
  }

  send(message: OutgoingMessage): boolean {
    if (this.closed) return false;
    const data = message.kind === MessageKind.text ? message.text() : message.payload();
    if (this.queued === undefined) this.queued = [data];
    else this.queued.push(data);
    this.queuedBytes += message.byteLength;
    return true;
  }

  flush(): void {
    const { queued, socket } = this;
    if (queued === undefined || socket === undefined) return;
    if (queued.length === 1) writeAll(socket);
    else socket.cork(writeAll);
  }

  /** Writes the queue; called inside `cork` where there are several messages. */
  writeQueue(socket: BunWebSocket): void {
    const { queued, deflated } = this;
    this.queued = undefined;
    this.queuedBytes = 0;
    if (queued === undefined) return;
    for (const data of queued) {
      // What Bun returns (-1: kept until the client reads) is told by `getBufferedAmount`.
      const compress = deflated && data.length >= limits.deflateBytesMin;
      if (typeof data === "string") socket.sendText(data, compress);
      else socket.sendBinary(data as Uint8Array<ArrayBuffer>, compress);
    }
  }

  close(closeCode: number, closeReason: string): void {
    if (this.closed) return;
    this.flush();
    this.closed = true;
    this.closesItself = true;
    // A paused socket would never read the client's answer.
    this.socket?.resume();
    if (closeCodeAllowed(closeCode)) this.socket?.close(closeCode, closeReason);
    else this.socket?.close();
    this.closesItself = false;
  }

  terminate(): void {
    this.closed = true;
    this.queued = undefined;
    this.queuedBytes = 0;
    this.closesItself = true;
    this.socket?.terminate();
    this.closesItself = false;
  }

  pause(): boolean {
    if (!this.closed) this.socket?.pause();
    return true;
  }

  resume(): void {
    if (!this.closed) this.socket?.resume();
  }

  ping(): boolean {
    if (!this.closed) this.socket?.ping();
    return true;
  }

  subscribe(topic: string): void {
    if (!this.closed) this.socket?.subscribe(topic);
  }

  /** Bun delivers before what was published before; `close` unsubscribes from all by itself. */
  unsubscribe(topic: string): void {
    if (!this.closed) this.socket?.unsubscribe(topic);
  }

  /** Publishes to the other subscribers; false where it is none itself, and nothing was done. */
  publish(topic: string, data: string | Uint8Array<ArrayBuffer>, compress: boolean): boolean {
    const { socket } = this;
    if (this.closed || socket === undefined || !socket.isSubscribed(topic)) return false;
    socket.publish(topic, data, compress);
    return true;
  }

  /** The handle is gone: nothing of it may be called any more. */
  released(): void {
    this.closed = true;
    this.socket = undefined;
    this.queued = undefined;
    this.queuedBytes = 0;
  }
}

function writeAll(socket: BunWebSocket): void {
  socket.data.writeQueue(socket);
}
