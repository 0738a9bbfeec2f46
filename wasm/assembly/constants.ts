// Numbers that both sides of the border use. They must equal the values of
// core/ports/codec/frame-parser.ts, core/ports/codec/command-decoder.ts and core/base/errors.ts;
// the vectors fail if they do not.

/** `ParserStep`: what the parser stopped for. */
export namespace Step {
  export const DONE: i32 = 0;
  export const BUFFER_FULL: i32 = 1;
  export const TEXT: i32 = 2;
  export const BINARY: i32 = 3;
  export const DEFLATED_TEXT: i32 = 4;
  export const PING: i32 = 6;
  export const PONG: i32 = 7;
  export const CLOSE: i32 = 8;
  export const FAULT: i32 = 9;
  /** No step: the slot is not attached, an error of the caller. */
  export const UNATTACHED: i32 = -1;
}

/** The numbers of those `ErrorCode`s that this module finds. */
export namespace Fault {
  export const RESERVED_BITS: i32 = 1;
  export const OPCODE: i32 = 2;
  export const UNMASKED: i32 = 3;
  export const CONTROL_FRAGMENTED: i32 = 4;
  export const CONTROL_TOO_LONG: i32 = 5;
  export const LENGTH: i32 = 6;
  export const UNEXPECTED_CONTINUATION: i32 = 7;
  export const EXPECTED_CONTINUATION: i32 = 8;
  export const CLOSE_PAYLOAD: i32 = 9;
  export const CLOSE_CODE: i32 = 10;
  export const NOT_UTF8: i32 = 11;
  export const TOO_BIG: i32 = 12;
  export const MEMORY: i32 = 14;
  export const FRAGMENTS: i32 = 17;
  export const BATCH_MALFORMED: i32 = 32;
  export const BATCH_VERSION: i32 = 33;
  export const COMMAND_MALFORMED: i32 = 36;
  export const COMMAND_UNKNOWN: i32 = 37;
}

/** Opcodes of RFC 6455, 11.8; text and binary are also the kinds of a message. */
export namespace Opcode {
  export const CONTINUATION: u32 = 0;
  export const TEXT: u32 = 1;
  export const BINARY: u32 = 2;
  export const CLOSE: u32 = 8;
  export const PING: u32 = 9;
  export const PONG: u32 = 10;
}

/** `Verb` of core/ports/codec/command-decoder.ts. */
export namespace Verb {
  export const UNKNOWN: i32 = 0;
  export const SEND: i32 = 1;
  export const CLOSE: i32 = 2;
  export const JOIN: i32 = 3;
  export const LEAVE: i32 = 4;
  export const PUBLISH: i32 = 5;
  export const STATE: i32 = 6;
  export const QUERY: i32 = 7;
  export const ACK: i32 = 8;
  export const ACCEPT: i32 = 9;
  export const REJECT: i32 = 10;
  export const RENEW: i32 = 11;
}

/** `NoSlot` of core/ports/codec/command-decoder.ts. */
export namespace NoSlot {
  export const GONE: i32 = -1;
  export const MALFORMED: i32 = -2;
  export const FOREIGN: i32 = -3;
}

/**
 * Bytes reserved past the end of every area. A 16-byte load may read them and a 16-byte store may
 * overwrite them, so that loops need no code for the last bytes.
 */
export const SLACK_BYTES: u32 = 32;

/** Characters of a connection id after `NODE.`: 4 of the slot, 22 of a secret. */
export const ID_CHARS: u32 = 26;

/** Slots in one page of the slot table. */
export const SLOTS_PER_PAGE_BITS: u32 = 10;
/** 2^20 slots: `limits.connectionsMax`. */
export const SLOT_PAGES_MAX: u32 = 1_024;

/** A batch buffer keeps a block up to this size when its batch is taken and frees a larger one. */
export const BUFFER_KEEP_BYTES: u32 = 262_144;

/** A command area larger than this is freed when the next batch fits an area of usual size. */
export const COMMAND_KEEP_BYTES: u32 = 1_048_576;

/** Levels of nested containers that a command batch may have, itself the first. */
export const NESTING_MAX: u32 = 32;

/** Bytes of the longest name of a stream. */
export const STREAM_BYTES_MAX: u32 = 128;
