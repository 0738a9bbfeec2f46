import type { CommandDecoder } from "./command-decoder.ts";
import type { EventEncoder } from "./event-encoder.ts";
import type { FrameParser } from "./frame-parser.ts";

/** Settings of a codec, fixed for its life. */
export interface CodecOptions {
  /** Name of this node: what stands before the first `.` of its connections' ids. */
  readonly node: string;
  /** Past it a message is a fault, `message-too-big`. */
  readonly messageBytesMax: number;
  /** Past it a message in fragments is a fault, `message-fragments`; `limits.fragmentsMax`. */
  readonly fragmentsMax?: number | undefined;
  /** A batch buffer that holds items takes no further one that would pass this size. */
  readonly batchBytesTarget: number;
  /** Unfinished messages of all slots together; past it `parser-memory`. */
  readonly partialBytesMax: number;
  /** States of all slots together; past it `setState` refuses one. `limits.statesBytesMax`. */
  readonly statesBytesMax?: number | undefined;
}

/** Plain values as MessagePack, for what is off the hot path. */
export interface ValueCodec {
  /** Strings, numbers, booleans, null, Uint8Array (bin), arrays, plain objects (maps). */
  encodeValue(value: unknown): Uint8Array;
  decodeValue(bytes: Uint8Array): unknown;
  /** The contract's JSON form of MessagePack bytes: bin becomes `{"$binary": base64}`. */
  toJson(bytes: Uint8Array): Uint8Array;
}

/** Frames in, envelopes out and in: everything between a socket's bytes and a batch's bytes. */
export interface Codec extends EventEncoder, FrameParser, CommandDecoder, ValueCodec {
  /**
   * Lowers the batch target and the largest message to what a broker takes, or raises them again:
   * never above what the codec was made with. A message and its slot's state together keep to this
   * `messageBytesMax`. What a batch buffer holds already stays.
   */
  limitBatches(batchBytesTarget: number, messageBytesMax: number): void;
  /** The largest message at present, of a slot without a state. */
  readonly messageBytesMax: number;
  /** The largest message of a bound slot: smaller where its state needs the broker's room. */
  messageBytesMaxOf(slot: number): number;
}
