import { assert, closeCodeOf, type ErrorCode, limits } from "../base/mod.ts";
import {
  type ByteSocket,
  type ByteSocketListener,
  type ConnectionHandle,
  type HandshakeAdmission,
  MessageKind,
  type OutgoingMessage,
  ParserStep,
  type Socket,
} from "../ports/mod.ts";
import { Ending } from "./ending.ts";
import { buildFrame, closeFrame, Opcode, readClose } from "./frame.ts";
import { type FramedSocketsOptions, SharedFraming } from "./shared-framing.ts";

const State = { open: 0, closing: 1, ended: 2, closed: 3 } as const;
type State = (typeof State)[keyof typeof State];

/** One serves all sockets. RFC 6455, 5.5.2: an empty ping. */
const pingFrame = buildFrame({ opcode: Opcode.ping }, new Uint8Array(0));

/** A WebSocket (RFC 6455, the server's side) over a byte socket. */
export class FramedSocket implements Socket, ByteSocketListener {
  readonly #shared: SharedFraming;
  readonly #bytes: ByteSocket;
  readonly #deflated: boolean;
  readonly address: string;
  /** Until when what it has inflated past the ratio would have taken at the allowed rate. */
  inflatesUntil = 0;
  #connection: ConnectionHandle | undefined = undefined;
  #state: State = State.open;
  /** The handler has heard that the socket is closed. */
  #told = false;
  #paused = false;
  #firstFrame: Uint8Array | undefined = undefined;
  #moreFrames: Uint8Array[] | undefined = undefined;
  #queuedBytes = 0;
  /** The latest pong, while the client does not read. */
  #latePong: Uint8Array | undefined = undefined;
  #ending: Ending | undefined = undefined;

  constructor(shared: SharedFraming, bytes: ByteSocket, { deflate, info }: HandshakeAdmission) {
    this.#shared = shared;
    this.#bytes = bytes;
    this.#deflated = deflate;
    this.address = typeof info.ip === "string" ? info.ip : "";
  }

  attach(connection: ConnectionHandle): void {
    this.#connection = connection;
    const { slot, bypassBatch } = connection;
    this.#shared.options.codec.attach(slot, this.#deflated, bypassBatch);
  }

  get bufferedAmount(): number {
    return this.#queuedBytes + this.#bytes.bufferedAmount;
  }

  send(message: OutgoingMessage): boolean {
    if (this.#state !== State.open) return false;
    const deflate = this.#deflated && message.byteLength >= limits.deflateBytesMin;
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
      this.#shared.writeAll(this.#bytes, more);
    }
  }

  close(closeCode: number, closeReason: string): void {
    if (this.#state !== State.open) return;
    this.#queue(closeFrame(closeCode, closeReason));
    this.flush();
    this.#state = State.closing;
    this.#end(closeCode, closeReason);
    this.#bytes.resume(); // The client's answer must be read.
  }

  terminate(): void {
    if (this.#state === State.closed) return;
    this.#state = State.ended;
    this.#bytes.destroy();
  }

  pause(): boolean {
    // What comes now is on its way out: the closing handshake needs its bytes read.
    if (this.#state !== State.open) return true;
    this.#bytes.pause();
    this.#paused = true;
    this.#shared.unfinished.pause(this, true);
    return true;
  }

  resume(): void {
    if (this.#state !== State.open) return;
    this.#paused = false;
    this.#shared.unfinished.pause(this, false);
    this.#bytes.resume();
  }

  ping(): boolean {
    if (this.#state !== State.open) return true;
    this.#queue(pingFrame);
    this.flush();
    return true;
  }

  data(chunk: Uint8Array): void {
    if (this.#ending?.floods(chunk.length)) this.#flooded();
    if (this.#state >= State.ended) return;
    const shared = this.#shared;
    shared.startChunk();
    const most = limits.chunkBytesMax;
    for (let at = 0; at < chunk.length && this.#state < State.ended; at += most) {
      this.#feed(chunk.length <= most ? chunk : chunk.subarray(at, at + most));
    }
    const { handler, codec } = shared.options;
    const { messages, handedOut, controlFrames } = shared;
    if (messages > 0) handler.batched(this.#held(), messages, shared.payloadBytes);
    if (messages === 0 || controlFrames > 0) handler.pong(this.#held(), controlFrames);
    this.flush();
    // A client may put the end of TCP off; its connection is over now.
    if (this.#state >= State.ended) {
      this.#tellClosed();
      return;
    }
    this.#sendLatePong();
    const bytes = codec.unfinishedBytes(this.#held().slot);
    shared.unfinished.note(this, bytes, messages + handedOut > 0);
    if (this.#paused) shared.unfinished.pause(this, true);
  }

  giveUp(code: ErrorCode): void {
    this.#fail(code);
    this.#tellClosed();
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
    this.#tellClosed();
    this.#shared.options.handler.gone(this.#held());
  }

  #tellClosed(): void {
    if (this.#told) return;
    this.#told = true;
    this.#shared.unfinished.note(this, -1, false);
    // RFC 6455, 7.1.5: 1006 where the stream ended without a close frame.
    const { closeCode, closeReason } = this.#ending ?? { closeCode: 1006, closeReason: "" };
    this.#shared.options.handler.closed(this.#held(), closeCode, closeReason);
  }

  /** A client goes on sending after our close frame. */
  #flooded(): void {
    // Our last frames may still be under way, and a reset would take them along: we read no more,
    // and the stream is cut when its time is over. Who does not even answer is cut now.
    if (this.#state === State.ended) this.#bytes.pause();
    else this.terminate();
  }

  #feed(chunk: Uint8Array): void {
    const shared = this.#shared;
    const { codec } = shared.options;
    let step = codec.feed(this.#held().slot, chunk);
    while (step !== ParserStep.done) {
      if (step === ParserStep.fault) {
        this.#fail(codec.fault());
        break;
      }
      this.#take(step);
      // RFC 6455, 7.1.7: what follows a fault is not read. The close told next unbinds the slot.
      if (this.#state >= State.ended) break;
      step = codec.next();
    }
    shared.messages += codec.fedMessages();
    shared.payloadBytes += codec.fedBytes();
  }

  #take(step: ParserStep): void {
    const shared = this.#shared;
    const { codec, handler } = shared.options;
    if (step === ParserStep.bufferFull) {
      handler.bufferFull(this.#held());
    } else if (step === ParserStep.close) {
      this.#closedByClient(codec.payload());
    } else if (step === ParserStep.deflatedText || step === ParserStep.deflatedBinary) {
      this.#inflate(step === ParserStep.deflatedText ? MessageKind.text : MessageKind.binary);
    } else if (this.#state === State.open) {
      // What is handed out here after our close frame is parsed, and dropped.
      if (step === ParserStep.text || step === ParserStep.binary) {
        const kind = step === ParserStep.text ? MessageKind.text : MessageKind.binary;
        shared.bypassBatch(this.#held(), kind, codec.payload());
      } else {
        shared.controlFrames += 1;
        if (step === ParserStep.ping) this.#pinged(codec.payload());
      }
    }
  }

  #inflate(kind: MessageKind): void {
    const shared = this.#shared;
    const connection = this.#held();
    const buffers = shared.options.batchBuffers && connection.bypassBatch !== true;
    // Plain messages get into the batch buffer until the client's close frame: so must this one.
    if (!buffers && this.#state !== State.open) return;
    const message = shared.inflate(this, connection.slot, kind);
    if (typeof message === "string") {
      this.#fail(message);
    } else if (buffers) {
      shared.append(connection, kind, message);
    } else {
      shared.bypassBatch(connection, kind, message);
    }
  }

  #pinged(payload: Uint8Array): void {
    const pong = buildFrame({ opcode: Opcode.pong }, payload);
    // RFC 6455, 5.5.3: only the latest ping needs an answer, so that a client that pings and
    // does not read cannot fill our memory.
    if (this.bufferedAmount > limits.pongQueueBytesMax) this.#latePong = pong;
    else this.#queue(pong);
  }

  #sendLatePong(): void {
    if (this.#latePong === undefined || this.bufferedAmount > 0 || this.#state !== State.open)
      return;
    this.#queue(this.#latePong);
    this.#latePong = undefined;
    this.flush();
  }

  #closedByClient(payload: Uint8Array): void {
    if (this.#state === State.open) {
      const { closeCode, closeReason } = readClose(payload);
      // RFC 6455, 5.5.1, and the reason as the runtimes' own servers do it.
      this.#queue(closeFrame(closeCode, closeReason));
      this.#end(closeCode, closeReason);
    }
    this.#finish();
  }

  #fail(errorCode: ErrorCode): void {
    if (this.#state === State.open) {
      const closeCode = closeCodeOf(errorCode);
      this.#queue(closeFrame(closeCode, errorCode));
      this.#end(closeCode, errorCode);
      this.#shared.options.handler.fault(this.#held(), errorCode);
    }
    this.#finish();
  }

  /** Both close frames are out, or no answer is to be waited for: the stream ends. */
  #finish(): void {
    if (this.#state >= State.ended) return;
    this.flush();
    this.#state = State.ended;
    // RFC 6455, 7.1.1: the server closes first, and reads on so that nothing is reset.
    this.#bytes.end();
    this.#bytes.resume();
  }

  #end(closeCode: number, closeReason: string): void {
    const { clock } = this.#shared.options;
    const cancel = clock.after(limits.closeHandshakeMs, () => this.#bytes.destroy());
    this.#ending = new Ending(closeCode, closeReason, cancel);
  }

  #queue(frame: Uint8Array): void {
    this.#queuedBytes += frame.length;
    if (this.#firstFrame === undefined) this.#firstFrame = frame;
    else if (this.#moreFrames === undefined) this.#moreFrames = [frame];
    else this.#moreFrames.push(frame);
  }

  #held(): ConnectionHandle {
    assert(this.#connection, "a byte socket spoke before its connection was open");
    return this.#connection;
  }
}

/** Makes WebSockets of upgraded byte sockets. One a server. */
export class FramedSockets {
  readonly #shared: SharedFraming;

  constructor(options: FramedSocketsOptions) {
    this.#shared = new SharedFraming(options);
  }

  /**
   * Opens the connection. `head` are bytes that came right behind the handshake. The byte
   * socket's listener is the result, from now on.
   */
  start(bytes: ByteSocket, admission: HandshakeAdmission, head: Uint8Array): FramedSocket {
    const socket = new FramedSocket(this.#shared, bytes, admission);
    socket.attach(this.#shared.options.handler.open(socket, admission));
    if (head.length > 0) socket.data(head);
    return socket;
  }
}
