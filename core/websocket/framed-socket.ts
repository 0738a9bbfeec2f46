import {
  assert,
  closeCodeOf,
  type ErrorCode,
  limits,
  packAddress,
  unpackAddress,
} from "../base/mod.ts";
import type {
  ByteSocket,
  ByteSocketListener,
  Cancel,
  Clock,
  ConnectionHandle,
  FrameParser,
  HandshakeAdmission,
  OutgoingMessage,
  Socket,
  SocketHandler,
} from "../ports/mod.ts";
import { buildFrame, closeFrame, Opcode, readClose } from "./frame.ts";
import type { FrameWriter } from "./frame-writer.ts";
import type { FrameSource, MessageReader } from "./message-reader.ts";
import type { UnfinishedMessages } from "./unfinished-messages.ts";

/** What all framed sockets of a server share. */
export interface FramedServer {
  readonly handler: SocketHandler;
  readonly frames: FrameParser;
  readonly clock: Clock;
  readonly reader: MessageReader;
  readonly writer: FrameWriter;
  readonly unfinished: UnfinishedMessages;
}

/**
 * `closing`: we sent a close frame and await the client's. `ended`: the stream ends, nothing is
 * read. `closed`: the stream is gone.
 */
const State = { open: 0, closing: 1, ended: 2, closed: 3 } as const;
type State = (typeof State)[keyof typeof State];

/** An object of its own, so that an open socket stays small. */
interface Ending {
  readonly closeCode: number;
  readonly closeReason: string;
  /** Cancels the timer that waits for the client's answer. */
  readonly cancel: Cancel;
  /** Bytes that came since. */
  receivedBytes: number;
}

/** RFC 6455, 5.5.2: a ping without a payload. All sockets send the same bytes. */
const pingFrame = buildFrame(Opcode.ping, new Uint8Array(0));

/** The server's side of a WebSocket (RFC 6455) over a byte socket. */
export class FramedSocket implements Socket, ByteSocketListener, FrameSource {
  readonly #server: FramedServer;
  readonly #bytes: ByteSocket;
  readonly #deflate: boolean;
  readonly #address: number | string;
  inflatesUntil = 0;
  #connection: ConnectionHandle | undefined = undefined;
  #state: State = State.open;
  /** The handler knows that the socket is closed. */
  #closeReported = false;
  #paused = false;
  #firstFrame: Uint8Array | undefined = undefined;
  #moreFrames: Uint8Array[] | undefined = undefined;
  #queuedBytes = 0;
  /** The answer to the latest ping, kept back while the client does not read. */
  #latePong: Uint8Array | undefined = undefined;
  #ending: Ending | undefined = undefined;

  constructor(server: FramedServer, bytes: ByteSocket, { deflate, info }: HandshakeAdmission) {
    this.#server = server;
    this.#bytes = bytes;
    this.#deflate = deflate;
    this.#address = packAddress(typeof info.ip === "string" ? info.ip : "");
  }

  attach(connection: ConnectionHandle): void {
    this.#connection = connection;
    const { slot, bypassBatch } = connection;
    this.#server.frames.attach(slot, this.#deflate, bypassBatch);
  }

  get connection(): ConnectionHandle {
    assert(this.#connection, "bytes came from a socket before its connection was open");
    return this.#connection;
  }

  /** The client's address. */
  get address(): string {
    return unpackAddress(this.#address);
  }

  get isOpen(): boolean {
    return this.#state === State.open;
  }

  get isEnded(): boolean {
    return this.#state >= State.ended;
  }

  get bufferedAmount(): number {
    return this.#queuedBytes + this.#bytes.bufferedAmount;
  }

  send(message: OutgoingMessage): boolean {
    if (this.#state !== State.open) return false;
    const deflate = this.#deflate && message.byteLength >= limits.deflateBytesMin;
    this.#queue(deflate ? message.deflatedFrame() : message.frame());
    return true;
  }

  flush(): void {
    const first = this.#firstFrame;
    if (first === undefined || this.#state >= State.ended) return;
    const more = this.#moreFrames;
    this.#firstFrame = undefined;
    this.#moreFrames = undefined;
    this.#queuedBytes = 0;
    if (more === undefined) {
      this.#bytes.write(first);
    } else {
      more.unshift(first);
      this.#server.writer.write(this.#bytes, more);
    }
  }

  close(closeCode: number, closeReason: string): void {
    if (this.#state !== State.open) return;
    this.#queue(closeFrame(closeCode, closeReason));
    this.flush();
    this.#state = State.closing;
    this.#startEnding(closeCode, closeReason);
    this.#bytes.resume(); // The client's close frame must be read.
  }

  terminate(): void {
    if (this.#state === State.closed) return;
    this.#state = State.ended;
    this.#bytes.destroy();
  }

  pause(): boolean {
    // The closing handshake needs the client's bytes.
    if (this.#state !== State.open) return true;
    this.#bytes.pause();
    this.#paused = true;
    this.#server.unfinished.pause(this, true);
    return true;
  }

  resume(): void {
    if (this.#state !== State.open) return;
    this.#paused = false;
    this.#server.unfinished.pause(this, false);
    this.#bytes.resume();
  }

  ping(): boolean {
    if (this.#state !== State.open) return true;
    this.#queue(pingFrame);
    this.flush();
    return true;
  }

  data(chunk: Uint8Array): void {
    this.#countAfterClose(chunk.length);
    if (this.#state >= State.ended) return;
    const { frames, reader, unfinished } = this.#server;
    const messageEnded = reader.read(this, chunk);
    this.flush();
    // The client may keep its TCP connection, but the WebSocket is closed now.
    if (this.isEnded) {
      this.#reportClosed();
      return;
    }
    this.#sendLatePong();
    const bytes = frames.unfinishedBytes(this.connection.slot);
    unfinished.note(this, bytes, messageEnded);
    if (this.#paused) unfinished.pause(this, true);
  }

  giveUp(code: ErrorCode): void {
    this.failed(code);
    this.#reportClosed();
  }

  drained(): void {
    this.#sendLatePong();
  }

  closed(): void {
    this.#state = State.closed;
    this.#ending?.cancel();
    this.#firstFrame = undefined;
    this.#moreFrames = undefined;
    this.#latePong = undefined;
    this.#reportClosed();
    this.#server.handler.gone(this.connection);
  }

  pinged(payload: Uint8Array): void {
    const pong = buildFrame(Opcode.pong, payload);
    // RFC 6455, 5.5.3: only the latest ping needs an answer. A client that pings and does not
    // read must not fill our memory.
    if (this.bufferedAmount > limits.pongQueueBytesMax) this.#latePong = pong;
    else this.#queue(pong);
  }

  closing(payload: Uint8Array): void {
    if (this.#state === State.open) {
      const { closeCode, closeReason } = readClose(payload);
      // RFC 6455, 5.5.1: the answer repeats the code. Like the runtimes' servers we repeat the
      // reason too.
      this.#queue(closeFrame(closeCode, closeReason));
      this.#startEnding(closeCode, closeReason);
    }
    this.#endStream();
  }

  failed(errorCode: ErrorCode): void {
    if (this.#state === State.open) {
      const closeCode = closeCodeOf(errorCode);
      this.#queue(closeFrame(closeCode, errorCode));
      this.#startEnding(closeCode, errorCode);
      this.#server.handler.fault(this.connection, errorCode);
    }
    this.#endStream();
  }

  #reportClosed(): void {
    if (this.#closeReported) return;
    this.#closeReported = true;
    this.#server.unfinished.note(this, -1, false);
    // RFC 6455, 7.1.5: 1006 if the stream ended without a close frame.
    const { closeCode, closeReason } = this.#ending ?? { closeCode: 1006, closeReason: "" };
    this.#server.handler.closed(this.connection, closeCode, closeReason);
  }

  /** Stops a client that goes on sending after our close frame. */
  #countAfterClose(bytes: number): void {
    if (this.#ending === undefined) return;
    this.#ending.receivedBytes += bytes;
    if (this.#ending.receivedBytes <= limits.closingBytesMax) return;
    // A reset could destroy our last frames on their way. So we stop reading, and the timer cuts
    // the stream. A client that has not even answered is cut now.
    if (this.#state === State.ended) this.#bytes.pause();
    else this.terminate();
  }

  #sendLatePong(): void {
    const pong = this.#latePong;
    if (pong === undefined || this.bufferedAmount > 0 || this.#state !== State.open) return;
    this.#queue(pong);
    this.#latePong = undefined;
    this.flush();
  }

  /** Sends what is queued and ends the stream: both close frames are out, or none is awaited. */
  #endStream(): void {
    if (this.#state >= State.ended) return;
    this.flush();
    this.#state = State.ended;
    // RFC 6455, 7.1.1: the server closes TCP first. We read on, so that the stream is not reset.
    this.#bytes.end();
    this.#bytes.resume();
  }

  #startEnding(closeCode: number, closeReason: string): void {
    const { clock } = this.#server;
    const cancel = clock.after(limits.closeHandshakeMs, () => this.#bytes.destroy());
    this.#ending = { closeCode, closeReason, cancel, receivedBytes: 0 };
  }

  #queue(frame: Uint8Array): void {
    this.#queuedBytes += frame.length;
    if (this.#firstFrame === undefined) this.#firstFrame = frame;
    else if (this.#moreFrames === undefined) this.#moreFrames = [frame];
    else this.#moreFrames.push(frame);
  }
}
