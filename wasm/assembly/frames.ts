// The rules of RFC 6455, 5.2 to 5.5 and 7.4, for frame headers and close payloads. The checks
// return 0 or the fault. Each byte is checked as soon as it has come, in the order of the wire.

import { Fault, Opcode } from "./constants";
import { Flag, Slot, stateBytesOf } from "./slots";
import { utf8Valid } from "./utf8";

/** Bytes of the largest message. */
let messageBytesMax: u32 = 0;

/** Bytes of a message and its slot's state together: what fits into a packet of the broker. */
let dataAndStateBytesMax: u32 = u32.MAX_VALUE;

/** Frames that a message may have. */
let fragmentsMax: u32 = 0;

export function initFrames(bytesMax: u32, framesMax: u32): void {
  messageBytesMax = bytesMax;
  fragmentsMax = framesMax;
}

/** Changes the largest message, for frames whose length is read from now on. */
export function limitMessages(bytesMax: u32, withStateBytesMax: u32): void {
  messageBytesMax = bytesMax;
  dataAndStateBytesMax = withStateBytesMax;
}

/** The slot's largest message. Its state is sent with it and may leave it less room. */
// @ts-ignore: decorator
@inline
export function bytesMaxOf(slot: Slot): u32 {
  if (!slot.state) return messageBytesMax;
  const stateBytes = stateBytesOf(slot);
  if (stateBytes >= dataAndStateBytesMax) return 0;
  return min(messageBytesMax, dataAndStateBytesMax - stateBytes);
}

/** The first byte: FIN, RSV, opcode. */
export function checkFirst(slot: Slot, byte: u32): i32 {
  const opcode = byte & 0x0f;
  // RSV1 marks a deflated message, on its first frame (RFC 7692, 6).
  if (byte & 0x70) {
    const deflated = (byte & 0x70) == 0x40 && (<u32>slot.flags & Flag.DEFLATE) != 0;
    if (!deflated || (opcode != Opcode.TEXT && opcode != Opcode.BINARY)) {
      return Fault.RESERVED_BITS;
    }
  }
  if ((opcode & 7) > 2) return Fault.OPCODE;
  if (opcode >= Opcode.CLOSE) return byte & 0x80 ? 0 : Fault.CONTROL_FRAGMENTED;
  if (opcode == Opcode.CONTINUATION) {
    if (!slot.message) return Fault.UNEXPECTED_CONTINUATION;
    return slot.fragments >= fragmentsMax ? Fault.FRAGMENTS : 0;
  }
  return slot.message ? Fault.EXPECTED_CONTINUATION : 0;
}

/** The second byte: MASK and the short length. */
export function checkSecond(first: u32, byte: u32): i32 {
  if (!(byte & 0x80)) return Fault.UNMASKED;
  if (first & 0x08) {
    if ((byte & 0x7f) > 125) return Fault.CONTROL_TOO_LONG;
    // A close payload is empty, or starts with a code of two bytes.
    if ((first & 0x0f) == Opcode.CLOSE && (byte & 0x7f) == 1) return Fault.CLOSE_PAYLOAD;
  }
  return 0;
}

/** Bytes of the header before the mask. */
// @ts-ignore: decorator
@inline
export function lengthEnd(second: u32): u32 {
  const short = second & 0x7f;
  return short < 126 ? 2 : short == 126 ? 4 : 10;
}

/** The payload's length from a header whose length bytes are there. */
export function payloadLength(header: usize): u64 {
  const short = load<u8>(header + 1) & 0x7f;
  if (short < 126) return short;
  if (short == 126) return bswap<u16>(load<u16>(header + 2));
  return bswap<u64>(load<u64>(header + 2));
}

/** The length: in the fewest bytes, with the top bit clear, and no message larger than allowed. */
export function checkLength(slot: Slot, header: usize): i32 {
  const short = load<u8>(header + 1) & 0x7f;
  const length = payloadLength(header);
  if (short == 126 && length < 126) return Fault.LENGTH;
  if (short == 127 && (length < 0x1_0000 || length >> 63)) return Fault.LENGTH;
  const first = <u32>load<u8>(header);
  if (first & 0x08) return 0;
  let most: u64 = bytesMaxOf(slot);
  const starts = (first & 0x0f) != Opcode.CONTINUATION;
  const compressed = starts ? first & 0x40 : <u32>slot.flags & Flag.COMPRESSED;
  if (compressed) most = compressedBytesMax(most);
  return <u64>slot.partialLength + length > most ? Fault.TOO_BIG : 0;
}

/**
 * Bytes that a message of `bytes` bytes may have when it is compressed, because what does not
 * compress gets longer: the bound of zlib for any settings (`deflateBound`), and a few flushes.
 * The message itself is measured when it is inflated.
 */
function compressedBytesMax(bytes: u64): u64 {
  return bytes + (bytes >> 3) + (bytes >> 6) + 64;
}

/** A close frame's payload: a code that may be sent, and a reason in UTF-8. */
export function checkClose(at: usize, length: u32): i32 {
  if (!length) return 0;
  const code = <u32>bswap<u16>(load<u16>(at));
  const protocol = code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
  if (!protocol && (code < 3000 || code > 4999)) return Fault.CLOSE_CODE;
  return utf8Valid(at + 2, length - 2) ? 0 : Fault.NOT_UTF8;
}

/** Prepares the slot for the payload of a frame whose header was checked. */
export function beginFrame(slot: Slot, header: usize, mask: usize): void {
  const first = <u32>load<u8>(header);
  const opcode = first & 0x0f;
  slot.frame = <u8>opcode;
  slot.mask = load<u32>(mask);
  slot.maskOffset = 0;
  slot.remaining = <u32>payloadLength(header);
  let flags = (<u32>slot.flags | Flag.IN_FRAME) & ~Flag.LAST;
  if (first & 0x80) flags |= Flag.LAST;
  if (opcode == Opcode.TEXT || opcode == Opcode.BINARY) {
    slot.message = <u8>opcode;
    slot.fragments = 0;
    flags = first & 0x40 ? flags | Flag.COMPRESSED : flags & ~Flag.COMPRESSED;
  }
  if (opcode < Opcode.CLOSE) slot.fragments++;
  slot.flags = <u8>flags;
}
