import { assert, type ErrorCode, limits } from "../base/mod.ts";
import {
  type Clock,
  type ConnectionHandle,
  type Deflate,
  type EventEncoder,
  type FrameParser,
  MessageKind,
  ParserStep,
  type SocketHandler,
} from "../ports/mod.ts";

export interface ReaderOptions {
  readonly handler: SocketHandler;
  readonly frames: FrameParser;
  /** Takes inflated messages into batch buffers. */
  readonly events: EventEncoder;
  readonly clock: Clock;
  /** Required if handshakes may agree on permessage-deflate. */
  readonly deflate?: Deflate | undefined;
  /** Maximum size of an inflated message. The codec limits all other messages itself. */
  readonly messageBytesMax: number;
  /** Maximum ratio of inflated to deflated size past `limits.inflateFreeBytes`. Default: none. */
  readonly inflateRatioMax?: number | undefined;
  /** False: messages go to `text` and `binary` of the handler, not into batch buffers. */
  readonly batchBuffers: boolean;
}

/** The socket that a chunk comes from. */
export interface FrameSource {
  readonly connection: ConnectionHandle;
  /** Neither side has sent a close frame. */
  readonly isOpen: boolean;
  /** No more frames are read: the stream ends. */
  readonly isEnded: boolean;
  /** Time (ms) until which the client has used up what it may inflate above the ratio. */
  inflatesUntil: number;
  pinged(payload: Uint8Array): void;
  /** A close frame came. */
  closing(payload: Uint8Array): void;
  failed(code: ErrorCode): void;
}

/** Reads the frames in the bytes of clients and hands their messages on. One for all sockets. */
export class MessageReader {
  readonly #options: ReaderOptions;
  readonly #decoder: TextDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Messages of this chunk that went into the batch buffer, and the bytes of their payload. */
  #messages = 0;
  #payloadBytes = 0;
  /** Messages that went to `text` or `binary` of the handler. */
  #bypassed = 0;
  /** Pings and pongs. */
  #controlFrames = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Reads a chunk, and tells the handler what came. True if a message ended in it. */
  read(source: FrameSource, chunk: Uint8Array): boolean {
    this.#messages = 0;
    this.#payloadBytes = 0;
    this.#bypassed = 0;
    this.#controlFrames = 0;
    const most = limits.chunkBytesMax;
    for (let at = 0; at < chunk.length && !source.isEnded; at += most) {
      this.#feed(source, chunk.length <= most ? chunk : chunk.subarray(at, at + most));
    }
    const { handler } = this.#options;
    const messages = this.#messages;
    const controlFrames = this.#controlFrames;
    if (messages > 0) handler.batched(source.connection, messages, this.#payloadBytes);
    if (messages === 0 || controlFrames > 0) handler.pong(source.connection, controlFrames);
    return messages + this.#bypassed > 0;
  }

  #feed(source: FrameSource, chunk: Uint8Array): void {
    const { frames } = this.#options;
    let step = frames.feed(source.connection.slot, chunk);
    while (step !== ParserStep.done) {
      if (step === ParserStep.fault) {
        source.failed(frames.fault());
        break;
      }
      this.#take(source, step);
      // RFC 6455, 7.1.7: nothing is read after a fault. `closed` will unbind the slot.
      if (source.isEnded) break;
      step = frames.next();
    }
    this.#messages += frames.fedMessages();
    this.#payloadBytes += frames.fedBytes();
  }

  #take(source: FrameSource, step: ParserStep): void {
    const { frames, handler } = this.#options;
    if (step === ParserStep.bufferFull) {
      handler.bufferFull(source.connection);
    } else if (step === ParserStep.close) {
      source.closing(frames.payload());
    } else if (step === ParserStep.deflatedText || step === ParserStep.deflatedBinary) {
      this.#takeDeflated(
        source,
        step === ParserStep.deflatedText ? MessageKind.text : MessageKind.binary,
      );
    } else if (source.isOpen) {
      // After our close frame these are parsed and dropped.
      if (step === ParserStep.text || step === ParserStep.binary) {
        const kind = step === ParserStep.text ? MessageKind.text : MessageKind.binary;
        this.#deliver(source.connection, kind, frames.payload());
      } else {
        this.#controlFrames += 1;
        if (step === ParserStep.ping) source.pinged(frames.payload());
      }
    }
  }

  #takeDeflated(source: FrameSource, kind: MessageKind): void {
    const { connection } = source;
    const buffered = this.#options.batchBuffers && connection.bypassBatch !== true;
    // The parser puts plain messages into the batch buffer until the client's close frame, so
    // deflated ones go there until then as well.
    if (!buffered && !source.isOpen) return;
    const message = this.#inflate(source, kind);
    if (typeof message === "string") {
      source.failed(message);
    } else if (buffered) {
      this.#options.handler.inflated(connection, kind, message);
      this.#messages += 1;
      this.#payloadBytes += message.length;
    } else {
      this.#deliver(connection, kind, message);
    }
  }

  /** The parser's deflated message, inflated within the limits, or the error. */
  #inflate(source: FrameSource, kind: MessageKind): Uint8Array | ErrorCode {
    const { deflate, events, frames, inflateRatioMax = Infinity, messageBytesMax } = this.#options;
    assert(deflate, "deflate was negotiated without a coder");
    const payload = frames.payload();
    const withinRatio = payload.length * inflateRatioMax;
    const byRatio = Math.max(limits.inflateFreeBytes, withinRatio);
    const bytesMax = Math.min(messageBytesMax, events.messageBytesMaxOf(source.connection.slot));
    const message = deflate.inflate(payload, Math.min(bytesMax, byRatio));
    if (message === undefined) return "message-inflate";
    if (message === "too-big") {
      return byRatio < bytesMax ? "message-inflate-ratio" : "message-too-big";
    }
    const excess = message.length - withinRatio;
    if (excess > 0 && !this.#mayExceedRatio(source, excess)) return "message-inflate-ratio";
    const text = kind === MessageKind.text;
    return text && !frames.validUtf8(message) ? "message-not-utf8" : message;
  }

  /** Allows a client `limits.inflateFreeBytes` above the ratio per second, in one burst too. */
  #mayExceedRatio(source: FrameSource, bytes: number): boolean {
    const now = this.#options.clock.ticks();
    const ms = (bytes * 1_000) / limits.inflateFreeBytes;
    source.inflatesUntil = Math.max(source.inflatesUntil, now) + ms;
    // Half a millisecond of tolerance: sums of fractions are not exact.
    return source.inflatesUntil <= now + 1_000.5;
  }

  #deliver(connection: ConnectionHandle, kind: MessageKind, message: Uint8Array): void {
    const { handler } = this.#options;
    this.#bypassed += 1;
    // A copy: the view becomes invalid when the handler calls the codec.
    if (kind === MessageKind.binary) handler.binary(connection, message.slice());
    else handler.text(connection, this.#decoder.decode(message));
  }
}
