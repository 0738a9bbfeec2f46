import type { ErrorCode } from "../../base/mod.ts";

/** What the parser stopped for. */
export const ParserStep = {
  /** The chunk is consumed. */
  done: 0,
  /** The slot's batch buffer is full: take its batch, then `next()`. */
  bufferFull: 1,
  /** A text message of a slot without a batch buffer; its bytes in `payload()`. */
  text: 2,
  /** A binary message of a slot without a batch buffer; its bytes in `payload()`. */
  binary: 3,
  /** A text message still deflated (RSV1), whole; its bytes in `payload()`. UTF-8 not checked. */
  deflatedText: 4,
  deflatedBinary: 5,
  ping: 6,
  pong: 7,
  /** A valid close frame; its payload (empty, or code and reason) in `payload()`. */
  close: 8,
  /** A fault: see `fault()`. The rest of the chunk is dropped and the slot parses no more. */
  fault: 9,
} as const;
export type ParserStep = (typeof ParserStep)[keyof typeof ParserStep];

/**
 * RFC 6455 frames of clients, parsed in chunks of any split. Messages of a slot with a buffer are
 * written into the batch buffer as `message` events; everything else stops the parser with a step.
 * Not re-entrant: finish a chunk (`done` or `fault`) before feeding the next, of any slot.
 */
export interface FrameParser {
  /**
   * Readies a bound slot. With `deflate`, RSV1 is allowed on a message's first frame. With
   * `bypassBatch`, messages stop the parser (`text`, `binary`) although the slot has a buffer.
   */
  attach(slot: number, deflate: boolean, bypassBatch?: boolean): void;
  /** Starts on a chunk, which is copied. */
  feed(slot: number, chunk: Uint8Array): ParserStep;
  /** Goes on after a step other than `done` and `fault`. */
  next(): ParserStep;
  /** A view of the step's payload, valid until the next call on the codec. */
  payload(): Uint8Array;
  fault(): ErrorCode;
  /** Messages and payload bytes written to batch buffers since the last `feed`. */
  fedMessages(): number;
  fedBytes(): number;
  /** Bytes of a slot's unfinished message; -1 between messages. */
  unfinishedBytes(slot: number): number;
  /** Bytes held for unfinished messages of all slots. */
  partialBytes(): number;
  /** Whether bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
  validUtf8(bytes: Uint8Array): boolean;
}
