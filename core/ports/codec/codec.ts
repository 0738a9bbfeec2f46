import type { CommandDecoder } from "./command-decoder.ts";
import type { EventEncoder } from "./event-encoder.ts";
import type { FrameParser } from "./frame-parser.ts";
import type { ValueCodec } from "./value-codec.ts";

/** Settings of a codec, fixed for its life. */
export interface CodecOptions {
  /** Name of this node, at most 32 ASCII characters: it starts the ids of its connections. */
  readonly node: string;
  /** Bytes of the largest message; a larger one is the fault `message-too-big`. */
  readonly messageBytesMax: number;
  /** Frames of one message; more are the fault `message-fragments`. `limits.fragmentsMax`. */
  readonly fragmentsMax?: number | undefined;
  /** Bytes of items; a batch buffer that holds items takes no further one that would pass it. */
  readonly batchBytesTarget: number;
  /** Bytes of unfinished messages of all slots together; more are the fault `parser-memory`. */
  readonly partialBytesMax: number;
  /**
   * Bytes of the states of all slots together; `setState` refuses more. `limits.statesBytesMax`.
   */
  readonly statesBytesMax?: number | undefined;
}

/**
 * Everything between a socket's bytes and a batch's bytes, in four parts over the same slots and
 * batch buffers. A user takes the parts that it needs. Calls are synchronous and never re-entrant.
 */
export interface Codec {
  /** Writes events into batch buffers, and keeps what it knows of each connection. */
  readonly events: EventEncoder;
  /** Parses the frames of clients; whole messages go straight into a batch buffer. */
  readonly frames: FrameParser;
  /** Reads command batches. */
  readonly commands: CommandDecoder;
  /** Encodes and decodes single values, off the hot path. */
  readonly values: ValueCodec;
}
