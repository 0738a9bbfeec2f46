import { limits } from "../../core/base/mod.ts";
import type {
  Cancel,
  ConnectionHandle,
  HandshakeAdmission,
  OutgoingMessage,
  Socket,
} from "../../core/ports/mod.ts";
import { closeCodeAllowed } from "../../core/websocket/mod.ts";
import { type ClientServerOptions, NativeSocket } from "../server/mod.ts";

/** One WebSocket of `Deno.upgradeWebSocket`. It is its own event listener, without closures. */
export class DenoSocket extends NativeSocket implements Socket, EventListenerObject {
  readonly #options: ClientServerOptions;
  readonly #socket: WebSocket;
  /** Undefined once the handler got it, by `open` or by `abandon`. */
  #admission: HandshakeAdmission | undefined;
  #cancelWait: Cancel | undefined;
  #connection: ConnectionHandle | undefined = undefined;
  /** `closed` of the handler was called; below, `gone`. */
  #closed = false;
  #gone = false;
  #ending: { closeCode: number; closeReason: string; cancel: Cancel } | undefined = undefined;

  constructor(socket: WebSocket, admission: HandshakeAdmission, options: ClientServerOptions) {
    super();
    this.#socket = socket;
    this.#admission = admission;
    this.#options = options;
    socket.binaryType = "arraybuffer";
    for (const type of ["open", "message", "close", "error"]) socket.addEventListener(type, this);
    // Deno opens it within the turn after the answer. Where the client is gone by then Deno emits
    // no event at all, and `request.signal` does not report it reliably.
    this.#cancelWait = options.clock.after(limits.upgradeWaitMs, () => this.#abandon());
  }

  handleEvent(event: Event): void {
    if (event.type === "message") this.#received((event as MessageEvent).data);
    else if (event.type === "open") this.#opened();
    else if (event.type === "close") this.#ended(event as CloseEvent);
    else this.#failed();
  }

  get bufferedAmount(): number {
    return this.queuedBytes + this.#socket.bufferedAmount;
  }

  send(message: OutgoingMessage): boolean {
    if (this.#closed || this.#ending !== undefined) return false;
    this.enqueue(message);
    return true;
  }

  flush(): void {
    const queued = this.takeQueued();
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    for (const data of queued) this.#socket.send(data as string | Uint8Array<ArrayBuffer>);
  }

  close(closeCode: number, closeReason: string): void {
    if (this.#closed || this.#ending !== undefined) return;
    this.flush();
    // Deno waits without a limit for the client's close frame; the handler does not.
    const cancel = this.#options.clock.after(limits.closeHandshakeMs, () => {
      this.#reportClosed(closeCode, closeReason);
    });
    this.#ending = { closeCode, closeReason, cancel };
    if (closeCodeAllowed(closeCode)) this.#socket.close(closeCode, closeReason);
    else this.#socket.close();
  }

  /** Deno cannot cut the stream: `closed` is called, and later messages are dropped. */
  terminate(): void {
    if (this.#closed) return;
    this.#socket.close();
    const { closeCode, closeReason } = this.#ending ?? { closeCode: 1006, closeReason: "" };
    queueMicrotask(() => this.#reportClosed(closeCode, closeReason));
  }

  pause(): boolean {
    return false;
  }

  resume(): void {}

  /** Deno sends pings only by its own `idleTimeout`. */
  ping(): boolean {
    return false;
  }

  #opened(): void {
    const admission = this.#takeAdmission();
    if (admission === undefined) this.#socket.close();
    else this.#connection = this.#options.handler.open(this, admission);
  }

  /** It has not opened in time. If it still does, `open` is not called. */
  #abandon(): void {
    const admission = this.#takeAdmission();
    if (admission !== undefined) this.#options.handler.abandon(admission);
  }

  #takeAdmission(): HandshakeAdmission | undefined {
    const admission = this.#admission;
    this.#admission = undefined;
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    return admission;
  }

  #received(data: string | ArrayBuffer): void {
    const connection = this.#connection;
    if (connection === undefined || this.#closed || this.#ending !== undefined) return;
    const message = typeof data === "string" ? data : new Uint8Array(data);
    this.deliver(this.#options, connection, message);
  }

  /** Deno emits `error` for invalid frames and for a cut stream; `close` follows. */
  #failed(): void {}

  #ended(event: CloseEvent): void {
    if (this.#ending !== undefined) {
      this.#reportClosed(this.#ending.closeCode, this.#ending.closeReason);
    } else if (event.code === 1001 && !event.wasClean && this.#connection !== undefined) {
      // Deno reports an unanswered ping in this way. A client's own 1001 is a clean close.
      this.#options.handler.fault(this.#connection, "ping-timeout");
      this.#reportClosed(1006, "");
    } else {
      // Deno reports 0 if there was no close frame. RFC 6455, 7.1.5: that is 1006.
      this.#reportClosed(event.code === 0 ? 1006 : event.code, event.reason);
    }
    this.#reportGone();
  }

  #reportClosed(closeCode: number, closeReason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending?.cancel();
    this.#abandon();
    if (this.#connection === undefined) return;
    this.#options.handler.closed(this.#connection, closeCode, closeReason);
  }

  /** At Deno's `close` event. Only then the stream is gone; a client can delay it without end. */
  #reportGone(): void {
    if (this.#gone || this.#connection === undefined) return;
    this.#gone = true;
    this.#options.handler.gone(this.#connection);
  }
}
