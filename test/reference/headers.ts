import { compressedBytesMax, type ErrorCode } from "../../core/base/mod.ts";
import { uint16, uint32 } from "../../wasm/values/walk.ts";
import { type Chunk, maskFrom } from "./chunk.ts";
import type { FrameState, MessageLimits } from "./slots.ts";
import { utf8Valid } from "./utf8.ts";

/** Opcodes of RFC 6455, 11.8. */
export const Opcode = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** The first byte: FIN, RSV, opcode. RFC 6455, 5.2 and 5.4. */
export function checkFirst(
  state: FrameState,
  byte: number,
  fragmentsMax: number,
): ErrorCode | undefined {
  const opcode = byte & 0x0f;
  const starts = opcode === Opcode.text || opcode === Opcode.binary;
  // RSV1 marks a deflated message, on its first frame (RFC 7692, 6).
  const reserved = byte & 0x70;
  if (reserved !== 0 && !(reserved === 0x40 && state.deflate && starts)) {
    return "frame-reserved-bits";
  }
  if ((opcode & 7) > 2) return "frame-opcode";
  if (opcode >= Opcode.close) return byte < 0x80 ? "frame-control-fragmented" : undefined;
  if (starts) return state.message === 0 ? undefined : "frame-expected-continuation";
  if (state.message === 0) return "frame-unexpected-continuation";
  return state.fragments >= fragmentsMax ? "message-fragments" : undefined;
}

/** The second byte: MASK and the short length. */
export function checkSecond(first: number, byte: number): ErrorCode | undefined {
  if (byte < 0x80) return "frame-unmasked";
  if ((first & 0x08) === 0) return undefined;
  if ((byte & 0x7f) > 125) return "frame-control-too-long";
  const closes = (first & 0x0f) === Opcode.close;
  return closes && (byte & 0x7f) === 1 ? "frame-close-payload" : undefined;
}

/** Bytes of the header before the mask. */
export function lengthEnd(second: number): number {
  const short = second & 0x7f;
  return short < 126 ? 2 : short === 126 ? 4 : 10;
}

/** The payload's length, from a header whose length bytes are there. */
export function payloadLength(header: Uint8Array, at: number): number {
  const short = header[at + 1]! & 0x7f;
  if (short < 126) return short;
  if (short === 126) return uint16(header, at + 2);
  return uint32(header, at + 2) * 0x1_0000_0000 + uint32(header, at + 6);
}

/** The length: in the fewest bytes, with the top bit clear, and no message larger than allowed. */
export function checkLength(
  state: FrameState,
  header: Uint8Array,
  bytesMax: number,
): ErrorCode | undefined {
  const short = header[1]! & 0x7f;
  const length = payloadLength(header, 0);
  if (short === 126 && length < 126) return "frame-length";
  if (short === 127 && (length < 0x1_0000 || header[2]! > 127)) return "frame-length";
  if ((header[0]! & 0x08) !== 0) return undefined;
  const starts = (header[0]! & 0x0f) !== Opcode.continuation;
  const compressed = starts ? (header[0]! & 0x40) !== 0 : state.compressed;
  const most = compressed ? compressedBytesMax(bytesMax) : bytesMax;
  return state.partialLength + length > most ? "message-too-big" : undefined;
}

/** A close frame's payload: a code that may be sent (RFC 6455, 7.4), and a reason in UTF-8. */
export function checkClose(payload: Uint8Array): ErrorCode | undefined {
  if (payload.length === 0) return undefined;
  const code = uint16(payload, 0);
  const protocol = code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
  if (!protocol && (code < 3000 || code > 4999)) return "frame-close-code";
  return utf8Valid(payload, 2, payload.length) ? undefined : "message-not-utf8";
}

/**
 * Reads as much of a frame's header as has come. Returns a fault as soon as a byte is wrong. Sets
 * `inFrame` when the header is complete.
 */
export function readHeader(
  state: FrameState,
  chunk: Chunk,
  { messageBytesMax, fragmentsMax }: MessageLimits,
): ErrorCode | undefined {
  const { header } = state;
  let have = state.headerLength;
  while (chunk.at < chunk.end) {
    header[have++] = chunk.bytes[chunk.at++]!;
    let fault: ErrorCode | undefined;
    if (have === 1) {
      fault = checkFirst(state, header[0]!, fragmentsMax);
      if (fault !== undefined) return fault;
      continue;
    }
    const end = lengthEnd(header[1]!);
    if (have === 2) fault = checkSecond(header[0]!, header[1]!);
    if (fault === undefined && have === end) fault = checkLength(state, header, messageBytesMax);
    if (fault !== undefined) return fault;
    if (have === end + 4) {
      state.headerLength = 0;
      beginFrame(state, end);
      return undefined;
    }
  }
  state.headerLength = have;
  return undefined;
}

function beginFrame(state: FrameState, maskAt: number): void {
  const { header } = state;
  const opcode = header[0]! & 0x0f;
  state.opcode = opcode;
  state.inFrame = true;
  state.last = header[0]! > 127;
  state.remaining = payloadLength(header, 0);
  state.mask = maskFrom(header, maskAt);
  state.maskOffset = 0;
  if (opcode === Opcode.text || opcode === Opcode.binary) {
    state.message = opcode;
    state.compressed = (header[0]! & 0x40) !== 0;
    state.fragments = 0;
  }
  if (opcode < Opcode.close) state.fragments++;
}
