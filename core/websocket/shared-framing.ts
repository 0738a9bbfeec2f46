import { assert, type ErrorCode, limits } from "../base/mod.ts";
import {
  type ByteSocket,
  type Clock,
  type Codec,
  type ConnectionHandle,
  type Deflate,
  MessageKind,
  type SocketHandler,
} from "../ports/mod.ts";
import { Slab } from "./slab.ts";
import { UnfinishedMessages } from "./unfinished-messages.ts";

/** What all framed sockets of a server share. */
export interface FramedSocketsOptions {
  readonly handler: SocketHandler;
  readonly codec: Codec;
  readonly clock: Clock;
  /** Needed where an admission may have `deflate` on. */
  readonly deflate?: Deflate | undefined;
  /** Past it an inflated message is a fault. The codec has its own for the others. */
  readonly messageBytesMax: number;
  /** How many times larger than what came an inflated message may be, past `inflateFreeBytes`. */
  readonly inflateRatioMax?: number | undefined;
  /** How long a message may take from its first frame on; 0, the default, for ever. */
  readonly messageTimeoutMs?: number | undefined;
  /** Bytes of unfinished messages: of one address, and of all; the limits' where left out. */
  readonly unfinishedBytesPerAddressMax?: number | undefined;
  readonly unfinishedBytesMax?: number | undefined;
  /** False: whole messages go to `text` and `binary` of the handler, not into batch buffers. */
  readonly batchBuffers: boolean;
}

/** A socket whose messages are inflated. */
interface InflatingSocket {
  /** Until when what it has inflated past the ratio would have taken at the allowed rate. */
  inflatesUntil: number;
}

/** What the framed sockets of a server share: the codec, buffers, and the chunk being fed. */
export class SharedFraming {
  readonly options: FramedSocketsOptions;
  readonly #decoder: TextDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Messages of the chunk that is being fed, and their bytes: one chunk is fed at a time. */
  messages = 0;
  payloadBytes = 0;
  /** Messages of the chunk that went another way than into a batch buffer, and pings and pongs. */
  handedOut = 0;
  controlFrames = 0;
  readonly unfinished: UnfinishedMessages;
  readonly #slab = new Slab(limits.slabBytes);

  constructor(options: FramedSocketsOptions) {
    this.options = options;
    const {
      clock,
      messageBytesMax,
      messageTimeoutMs = 0,
      unfinishedBytesPerAddressMax = limits.unfinishedBytesPerAddressMax,
      unfinishedBytesMax: bytesMax = limits.unfinishedBytesMax,
    } = options;
    // Below it one client with the largest message could not be served.
    const addressBytesMax = Math.max(unfinishedBytesPerAddressMax, 2 * messageBytesMax);
    const given = { messageTimeoutMs, addressBytesMax, bytesMax };
    this.unfinished = new UnfinishedMessages(clock, given);
  }

  /**
   * The message that the codec's parser hands out, inflated, or what is wrong with it. Never
   * inflates further than is allowed.
   */
  inflate(socket: InflatingSocket, slot: number, kind: MessageKind): Uint8Array | ErrorCode {
    const { codec, deflate, messageBytesMax, inflateRatioMax = Infinity } = this.options;
    assert(deflate, "deflate was negotiated without a coder");
    const payload = codec.payload();
    const honest = payload.length * inflateRatioMax;
    const byRatio = Math.max(limits.inflateFreeBytes, honest);
    const bytesMax = Math.min(messageBytesMax, codec.messageBytesMaxOf(slot));
    const message = deflate.inflate(payload, Math.min(bytesMax, byRatio));
    if (message === undefined) return "message-inflate";
    if (message === "too-big") {
      return byRatio < bytesMax ? "message-inflate-ratio" : "message-too-big";
    }
    if (message.length > honest && !this.#mayInflate(socket, message.length - honest)) {
      return "message-inflate-ratio";
    }
    const text = kind === MessageKind.text;
    return text && !codec.validUtf8(message) ? "message-not-utf8" : message;
  }

  startChunk(): void {
    this.messages = 0;
    this.payloadBytes = 0;
    this.handedOut = 0;
    this.controlFrames = 0;
  }

  /** Hands a message to the handler, of a slot without a batch buffer. */
  bypassBatch(connection: ConnectionHandle, kind: MessageKind, message: Uint8Array): void {
    const { handler } = this.options;
    this.handedOut += 1;
    // A copy, because whatever the handler asks of the codec may move its memory.
    if (kind === MessageKind.binary) handler.binary(connection, message.slice());
    else handler.text(connection, this.#decoder.decode(message));
  }

  /** Puts an inflated message into the slot's batch buffer. */
  append(connection: ConnectionHandle, kind: MessageKind, message: Uint8Array): void {
    const { codec, handler } = this.options;
    while (!codec.bytes(connection.slot, kind, message)) handler.bufferFull(connection);
    this.messages += 1;
    this.payloadBytes += message.length;
  }

  /** Counts what a client inflates past the ratio: so much a second, with a burst of one. */
  #mayInflate(socket: InflatingSocket, bytes: number): boolean {
    const now = this.options.clock.now();
    const ms = (bytes * 1_000) / limits.inflateFreeBytes;
    socket.inflatesUntil = Math.max(socket.inflatesUntil, now) + ms;
    // A part of a millisecond is forgiven: sums of fractions are never exact.
    return socket.inflatesUntil <= now + 1_000.5;
  }

  /** Writes frames in order, small ones joined: few system calls, and no copy of large ones. */
  writeAll(bytes: ByteSocket, frames: readonly Uint8Array[]): void {
    let start = 0;
    while (start < frames.length) {
      let size = frames[start]!.length;
      let end = start + 1;
      while (end < frames.length && size + frames[end]!.length <= limits.writeJoinBytesMax) {
        size += frames[end]!.length;
        end += 1;
      }
      bytes.write(end - start === 1 ? frames[start]! : this.#join(frames, start, end, size));
      start = end;
    }
  }

  #join(frames: readonly Uint8Array[], start: number, end: number, size: number): Uint8Array {
    const joined = this.#slab.take(size);
    let at = 0;
    for (let index = start; index < end; index += 1) {
      const frame = frames[index]!;
      joined.set(frame, at);
      at += frame.length;
    }
    return joined;
  }
}
