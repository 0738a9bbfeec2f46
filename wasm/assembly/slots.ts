// The slot table: what the codec knows of each connection, by its slot. A page of 1,024 slots is
// allocated when the first of them is bound, and never freed. A slot takes 88 bytes; a state, an
// unfinished message and an unfinished control frame take a block each.

import { SLACK_BYTES, SLOTS_PER_PAGE_BITS, SLOT_PAGES_MAX } from "./constants";
import { allocate, allocateOrTrap, capacityOf, free } from "./memory";

/** Bits of `Slot.flags`. */
export namespace Flag {
  export const BOUND: u32 = 1;
  /** Frames may be fed. */
  export const ATTACHED: u32 = 2;
  /** permessage-deflate is on: RSV1 is allowed. */
  export const DEFLATE: u32 = 4;
  /** A close frame or a fault was parsed. Nothing after it is. */
  export const FINISHED: u32 = 8;
  /** The header of a frame was read, and its payload was not, or not whole. */
  export const IN_FRAME: u32 = 16;
  /** The frame being read is its message's last. */
  export const LAST: u32 = 32;
  /** The message being read is deflated. */
  export const COMPRESSED: u32 = 64;
  /** The message in the partial block is complete and waits for room in the batch buffer. */
  export const READY: u32 = 128;
}

@unmanaged
export class Slot {
  /** The 26 characters of the id after `NODE.`, at offset 0. */
  id0: u64;
  id1: u64;
  id2: u64;
  id3: u16;
  flags: u8;
  /** Opcode of the message being read; 0 between messages. */
  message: u8;
  /** The batch buffer that messages go to; -1 if they are handed to the host. */
  buffer: i32;
  /** Number of the connection's next event. */
  seq: u64;
  /** The frame's mask as its four bytes lie in memory. */
  mask: u32;
  /** Payload bytes of the frame that have not come yet. */
  remaining: u32;
  /** Block of what has come of an unfinished message; 0 if there is none. */
  partial: usize;
  partialLength: u32;
  /** Block of what has come of an unfinished control frame; 0 if there is none. */
  control: usize;
  controlLength: u8;
  /** Index in the mask of the frame's next payload byte. */
  maskOffset: u8;
  /** State of the UTF-8 check at the end of the partial block. */
  utf8: u8;
  /** Bytes of an unfinished frame header. */
  headerLength: u8;
  /** Opcode of the frame being read. */
  frame: u8;
  /** Messages are handed to the host although the slot has a batch buffer. */
  bypassBatch: bool;
  /** The unfinished header: up to 14 bytes from here on. */
  header: u8;
  header1: u8;
  header2: u32;
  header3: u64;
  /** Frames that the message being read has so far. */
  fragments: u32;
  /** Block of the state: its length in four bytes, then the value; 0 if there is none. */
  state: usize;
}

const SLOT_BYTES: u32 = offsetof<Slot>();
const pages: usize = memory.data(4 * 1024);

/** Bytes of all unfinished messages. */
export let partialTotal: u32 = 0;

/** The slot, or null if its page does not exist. */
// @ts-ignore: decorator
@inline
export function slotAt(index: u32): Slot | null {
  const page = index >> SLOTS_PER_PAGE_BITS;
  if (page >= SLOT_PAGES_MAX) return null;
  const start = load<usize>(pages + (page << 2));
  if (!start) return null;
  const place = index & ((1 << SLOTS_PER_PAGE_BITS) - 1);
  return changetype<Slot>(start + place * SLOT_BYTES);
}

/** The slot, whose page is allocated if it is missing. Null past the last possible slot. */
export function makeSlot(index: u32): Slot | null {
  const page = index >> SLOTS_PER_PAGE_BITS;
  if (page >= SLOT_PAGES_MAX) return null;
  if (!load<usize>(pages + (page << 2))) {
    const bytes = SLOT_BYTES << SLOTS_PER_PAGE_BITS;
    const start = allocateOrTrap(bytes);
    memory.fill(start, 0, bytes);
    store<usize>(pages + (page << 2), start);
  }
  return slotAt(index);
}

/** Bytes of all states. */
export let stateTotal: u32 = 0;

// @ts-ignore: decorator
@inline
export function stateBytesOf(slot: Slot): u32 {
  return slot.state ? load<u32>(slot.state) : 0;
}

/** Address of the state's value. */
// @ts-ignore: decorator
@inline
export function stateAtOf(slot: Slot): usize {
  return slot.state + 4;
}

/**
 * Gives the slot a state of `bytes` bytes, or none for 0. Returns where to write the value.
 */
export function renewState(slot: Slot, bytes: u32): usize {
  stateTotal += bytes - stateBytesOf(slot);
  free(slot.state);
  slot.state = 0;
  if (!bytes) return 0;
  slot.state = allocateOrTrap(4 + bytes + SLACK_BYTES);
  store<u32>(slot.state, bytes);
  return stateAtOf(slot);
}

/** Drops what has come of an unfinished message and frame. */
export function dropUnfinished(slot: Slot): void {
  free(slot.partial);
  free(slot.control);
  partialTotal -= slot.partialLength;
  slot.partial = 0;
  slot.partialLength = 0;
  slot.control = 0;
  slot.controlLength = 0;
  slot.headerLength = 0;
  slot.message = 0;
  slot.utf8 = 0;
}

/**
 * Adds `bytes` bytes to the unfinished message. Returns where to write them, or 0 if there is
 * no memory. The block grows with what has come, not with what a header announces.
 */
export function growPartial(slot: Slot, bytes: u32): usize {
  const length = slot.partialLength;
  const needed = length + bytes + SLACK_BYTES;
  const old = slot.partial;
  if (!old || needed > capacityOf(old)) {
    const grown = allocate(needed);
    if (!grown) return 0;
    memory.copy(grown, old, length);
    free(old);
    slot.partial = grown;
  }
  slot.partialLength = length + bytes;
  partialTotal += bytes;
  return slot.partial + length;
}
