// Lanes: each the batch under construction of one numbered stream,
// `[1, stream, first, [item, item, …]]`. Items are written as MessagePack, each in its shortest
// form, behind room for the batch's head, which is written when the batch is taken.

import { copyOver } from "./bytes";
import { ID_CHARS, LANE_KEEP_BYTES, SLACK_BYTES, STREAM_BYTES_MAX } from "./constants";
import { allocateOrTrap, capacityOf, free } from "./memory";
import { Slot, stateAtOf, stateBytesOf } from "./slots";

/**
 * Room for the longest head, and one over: array (1), version (1), stream (2 + 128),
 * first (9), array (5).
 */
const HEAD_BYTES: u32 = 160;
/** First byte of an item with a state, in place of the prefix's own. */
const ARRAY_OF_FIVE: u8 = 0x95;
/** A lane's first buffer; it doubles up to what its batches need. */
const LANE_BYTES_MIN: u32 = 8_192;

@unmanaged
class Lane {
  buffer: usize;
  /** Bytes of the items. */
  length: u32;
  /** Bytes of items that the buffer has room for. */
  room: u32;
  items: u32;
  /** The stream's name as a MessagePack str stands behind this struct. */
  streamBytes: u32;
  /** Number of the batch's first item. */
  first: u64;
}
const LANE_STRUCT_BYTES: u32 = 32;

let lanes: usize = 0;
let lanesMax: i32 = 0;
/** Items of a batch pass this size only one at a time. */
let batchBytesTarget: u32 = 0;

/** What every message item starts with: `94 a7 message`, str header, `NODE.`; 44 bytes at most. */
const prefix: usize = memory.data(64);
let prefixBytes: u32 = 0;

export function initLanes(target: u32, prefixLength: u32): void {
  batchBytesTarget = target;
  prefixBytes = prefixLength;
}

/** Another target, from the next message on. */
export function limitLanes(target: u32): void {
  batchBytesTarget = target;
}

/** Where the host writes the prefix, before `initLanes`. */
export function itemPrefix(): usize {
  return prefix;
}

/** A new lane; its stream's name, as a MessagePack str, is to be copied from `stream`. */
export function openLane(stream: usize, streamBytes: u32): i32 {
  let index = 0;
  while (index < lanesMax && load<usize>(lanes + (index << 2))) index++;
  if (index == lanesMax) {
    const wanted = max(16, lanesMax * 2);
    const table = allocateOrTrap(wanted << 2);
    memory.fill(table, 0, wanted << 2);
    memory.copy(table, lanes, lanesMax << 2);
    free(lanes);
    lanes = table;
    lanesMax = wanted;
  }
  const pointer = allocateOrTrap(LANE_STRUCT_BYTES + STREAM_BYTES_MAX + 2 + SLACK_BYTES);
  memory.fill(pointer, 0, LANE_STRUCT_BYTES);
  memory.copy(pointer + LANE_STRUCT_BYTES, stream, streamBytes);
  changetype<Lane>(pointer).streamBytes = streamBytes;
  store<usize>(lanes + (index << 2), pointer);
  return index;
}

// @ts-ignore: decorator
@inline
function laneAt(index: i32): Lane {
  if (<u32>index >= <u32>lanesMax) unreachable();
  const pointer = load<usize>(lanes + (index << 2));
  if (!pointer) unreachable();
  return changetype<Lane>(pointer);
}

/** Whether an index names a lane: the host asserts it. */
export function isLane(index: i32): bool {
  return <u32>index < <u32>lanesMax && load<usize>(lanes + (index << 2)) != 0;
}

export function closeLane(index: i32): void {
  const lane = laneAt(index);
  free(lane.buffer);
  free(changetype<usize>(lane));
  store<usize>(lanes + (index << 2), 0);
}

export function laneItems(index: i32): u32 {
  return laneAt(index).items;
}

export function laneBytes(index: i32): u32 {
  return laneAt(index).length;
}

export function laneNext(index: i32): f64 {
  const lane = laneAt(index);
  return <f64>(lane.first + lane.items);
}

/** Makes room for `bytes` more bytes of items. */
function growLane(lane: Lane, bytes: u32): void {
  const around = HEAD_BYTES + SLACK_BYTES;
  const needed = max(max(LANE_BYTES_MIN, lane.length + bytes + around), lane.room * 2);
  const buffer = allocateOrTrap(needed);
  if (lane.length) copyOver(buffer + HEAD_BYTES, lane.buffer + HEAD_BYTES, lane.length);
  free(lane.buffer);
  lane.buffer = buffer;
  lane.room = capacityOf(buffer) - around;
}

/** Adds an item of `bytes` bytes; where they are to be written. */
export function append(index: i32, bytes: u32): usize {
  const lane = laneAt(index);
  if (lane.length + bytes > lane.room) growLane(lane, bytes);
  const at = lane.buffer + HEAD_BYTES + lane.length;
  lane.length += bytes;
  lane.items++;
  return at;
}

/** An unsigned number in its shortest form; where the next byte goes. */
function writeUint(at: usize, value: u64): usize {
  if (value < 0x80) {
    store<u8>(at, <u8>value);
    return at + 1;
  }
  if (value < 0x100) {
    store<u16>(at, 0xcc | <u16>(value << 8));
    return at + 2;
  }
  if (value < 0x1_0000) {
    store<u8>(at, 0xcd);
    store<u16>(at + 1, bswap<u16>(<u16>value));
    return at + 3;
  }
  if (value < 0x1_0000_0000) {
    store<u8>(at, 0xce);
    store<u32>(at + 1, bswap<u32>(<u32>value));
    return at + 5;
  }
  store<u8>(at, 0xcf);
  store<u64>(at + 1, bswap<u64>(value));
  return at + 9;
}

// @ts-ignore: decorator
@inline
function uintBytes(value: u64): u32 {
  if (value < 0x80) return 1;
  if (value < 0x100) return 2;
  if (value < 0x1_0000) return 3;
  return value < 0x1_0000_0000 ? 5 : 9;
}

/** Bytes of the header of a str or bin. */
// @ts-ignore: decorator
@inline
function dataHeadBytes(text: bool, length: u32): u32 {
  if (text && length < 32) return 1;
  if (length < 0x100) return 2;
  return length < 0x1_0000 ? 3 : 5;
}

/** Header of a str (fixstr, d9, da, db) or bin (c4, c5, c6). */
// @ts-ignore: decorator
@inline
function writeDataHead(at: usize, text: bool, length: u32): usize {
  if (text && length < 32) {
    store<u8>(at, <u8>(0xa0 | length));
    return at + 1;
  }
  const base: u32 = text ? 0xd9 : 0xc4;
  if (length < 0x100) {
    store<u16>(at, <u16>(base | (length << 8)));
    return at + 2;
  }
  if (length < 0x1_0000) {
    store<u8>(at, <u8>(base + 1));
    store<u16>(at + 1, bswap<u16>(<u16>length));
    return at + 3;
  }
  store<u8>(at, <u8>(base + 2));
  store<u32>(at + 1, bswap<u32>(length));
  return at + 5;
}

/**
 * Writes `["message", id, seq, data, state?]` up to the data's bytes into the slot's lane, and
 * says where those go; 0 where the lane holds items and this one would pass the target. The item
 * counts only when `closeMessage` is called, after the data was written.
 */
export function openMessage(slot: Slot, text: bool, length: u32): usize {
  const lane = laneAt(slot.lane);
  const seq = slot.seq;
  const fixed = prefixBytes + ID_CHARS;
  const bytes = fixed + uintBytes(seq) + dataHeadBytes(text, length) + length + stateBytesOf(slot);
  if (lane.items && lane.length + bytes > batchBytesTarget) return 0;
  if (lane.length + bytes > lane.room) growLane(lane, bytes);
  let at = lane.buffer + HEAD_BYTES + lane.length;
  copyOver(at, prefix, prefixBytes);
  if (slot.state) store<u8>(at, ARRAY_OF_FIVE);
  at += prefixBytes;
  const id = changetype<usize>(slot);
  v128.store(at, v128.load(id));
  v128.store(at + 16, v128.load(id + 16));
  at = writeUint(at + ID_CHARS, seq);
  return writeDataHead(at, text, length);
}

/** Adds the state and counts the item, whose data ends before `end`. */
// @ts-ignore: decorator
@inline
export function closeMessage(slot: Slot, end: usize): void {
  const lane = laneAt(slot.lane);
  if (slot.state) {
    const stateBytes = stateBytesOf(slot);
    copyOver(end, stateAtOf(slot), stateBytes);
    end += stateBytes;
  }
  lane.length = <u32>(end - lane.buffer) - HEAD_BYTES;
  lane.items++;
  slot.seq++;
}

/** Bytes of the taken batch's head and items, after `takeBatch`. */
export let takenBytes: u32 = 0;

/**
 * Writes the head of the batch before its items and empties the lane; where the batch starts. Its
 * bytes stay until the lane is written to again.
 */
export function takeBatch(index: i32): usize {
  const lane = laneAt(index);
  if (!lane.buffer) growLane(lane, 0);
  const items = lane.items;
  const itemsHeadBytes: u32 = items < 16 ? 1 : items < 0x1_0000 ? 3 : 5;
  const headBytes = 2 + lane.streamBytes + uintBytes(lane.first) + itemsHeadBytes;
  const start = lane.buffer + HEAD_BYTES - headBytes;
  store<u16>(start, 0x0194);
  memory.copy(start + 2, changetype<usize>(lane) + LANE_STRUCT_BYTES, lane.streamBytes);
  const at = writeUint(start + 2 + lane.streamBytes, lane.first);
  if (items < 16) {
    store<u8>(at, <u8>(0x90 | items));
  } else if (items < 0x1_0000) {
    store<u8>(at, 0xdc);
    store<u16>(at + 1, bswap<u16>(<u16>items));
  } else {
    store<u8>(at, 0xdd);
    store<u32>(at + 1, bswap<u32>(items));
  }
  takenBytes = headBytes + lane.length;
  lane.first += items;
  lane.items = 0;
  lane.length = 0;
  if (capacityOf(lane.buffer) > LANE_KEEP_BYTES) {
    // Freed memory keeps its bytes but for the block's head, which lies before the batch.
    free(lane.buffer);
    lane.buffer = 0;
    lane.room = 0;
  }
  return start;
}
