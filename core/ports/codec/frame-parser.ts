import type { ErrorCode } from "../../base/mod.ts";

/** What the parser stopped for. */
export const ParserStep = {
  /** The chunk is consumed. */
  done: 0,
  /** The slot's batch buffer is full: take its batch, then call `next`. */
  bufferFull: 1,
  /** A whole text message, valid UTF-8; see `payload`. */
  text: 2,
  /** A whole binary message; see `payload`. */
  binary: 3,
  /** A whole text message, still deflated (RFC 7692, RSV1) and not checked; see `payload`. */
  deflatedText: 4,
  /** A whole binary message, still deflated; see `payload`. */
  deflatedBinary: 5,
  /** A ping frame; see `payload`. */
  ping: 6,
  /** A pong frame; see `payload`. */
  pong: 7,
  /** A valid close frame; `payload` is empty, or a code and a reason. The slot parses no more. */
  close: 8,
  /** A violation of RFC 6455 or of a limit; see `fault`. The slot parses no more. */
  fault: 9,
} as const;
export type ParserStep = (typeof ParserStep)[keyof typeof ParserStep];

/**
 * Parses the frames of clients (RFC 6455, 5) from chunks of any split. Whole messages are written
 * into the slot's batch buffer as `message` events; everything else stops the parser with a step.
 * Messages stop it with the steps `text` and `binary` if the slot has no batch buffer, or
 * was attached with `bypassBatch`. Finish a chunk before feeding the next one, of any slot: call
 * `next` until it answers `done`, `close` or `fault`.
 */
export interface FrameParser {
  /**
   * Readies a bound slot. With `deflate`, a message's first frame may have RSV1 set (RFC 7692).
   */
  attach(slot: number, deflate: boolean, bypassBatch?: boolean): void;
  /** Starts to parse a chunk, which is copied. */
  feed(slot: number, chunk: Uint8Array): ParserStep;
  /** Goes on with the chunk after a step. */
  next(): ParserStep;
  /** The step's payload, unmasked: a view, valid until the next call of the codec. */
  payload(): Uint8Array;
  /** What the step `fault` was for; its close code goes to the client. */
  fault(): ErrorCode;
  /** Messages written to batch buffers since the last `feed`. */
  fedMessages(): number;
  /** Payload bytes of those messages. */
  fedBytes(): number;
  /** Bytes that have come of a slot's unfinished message; -1 between messages. */
  unfinishedBytes(slot: number): number;
  /** Bytes held for unfinished messages of all slots. */
  partialBytes(): number;
  /** Whether bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
  validUtf8(bytes: Uint8Array): boolean;
}
