// Batch buffers. Each holds the batch under construction of one numbered stream:
// `[1, stream, first, [item, …]]`. Items are written as MessagePack in its shortest form. The room
// before them is for the head, which is written when the batch is taken.

import { copyOver } from "./bytes";
import { ID_CHARS, BUFFER_KEEP_BYTES, SLACK_BYTES, STREAM_BYTES_MAX } from "./constants";
import { allocateOrTrap, capacityOf, free } from "./memory";
import { Slot, stateAtOf, stateBytesOf } from "./slots";

/** At least the longest head: array (1), version (1), stream (2 + 128), first (9), array (5). */
const HEAD_BYTES: u32 = 160;
/** First byte of an item with a state: an array of five elements, in place of four. */
const ARRAY_OF_FIVE: u8 = 0x95;
/** Bytes of a batch buffer's first block. The block doubles when it is full. */
const BUFFER_BYTES_MIN: u32 = 8_192;

@unmanaged
class BatchBuffer {
  block: usize;
  /** Bytes of the items. */
  length: u32;
  /** Bytes of items that the buffer has room for. */
  room: u32;
  items: u32;
  /** The stream's name as a MessagePack str is behind this struct. */
  streamBytes: u32;
  /** Number of the batch's first item. */
  first: u64;
}
const BUFFER_STRUCT_BYTES: u32 = 32;

let buffers: usize = 0;
let buffersMax: i32 = 0;
/** Bytes of items that a batch may have. A single item may be larger. */
let batchBytesTarget: u32 = 0;

/** The start of every message item: `94 a7 message`, str header, `NODE.`; at most 44 bytes. */
const prefix: usize = memory.data(64);
let prefixBytes: u32 = 0;

export function initBuffers(target: u32, prefixLength: u32): void {
  batchBytesTarget = target;
  prefixBytes = prefixLength;
}

/** Changes the target from the next message on. */
export function limitBuffers(target: u32): void {
  batchBytesTarget = target;
}

/** Where the host writes the prefix before it calls `init`. */
export function itemPrefix(): usize {
  return prefix;
}

/** Opens a batch buffer. `stream` is the stream's name as a MessagePack str, which is copied. */
export function openBuffer(stream: usize, streamBytes: u32): i32 {
  let index = 0;
  while (index < buffersMax && load<usize>(buffers + (index << 2))) index++;
  if (index == buffersMax) {
    const wanted = max(16, buffersMax * 2);
    const table = allocateOrTrap(wanted << 2);
    memory.fill(table, 0, wanted << 2);
    memory.copy(table, buffers, buffersMax << 2);
    free(buffers);
    buffers = table;
    buffersMax = wanted;
  }
  const pointer = allocateOrTrap(BUFFER_STRUCT_BYTES + STREAM_BYTES_MAX + 2 + SLACK_BYTES);
  memory.fill(pointer, 0, BUFFER_STRUCT_BYTES);
  memory.copy(pointer + BUFFER_STRUCT_BYTES, stream, streamBytes);
  changetype<BatchBuffer>(pointer).streamBytes = streamBytes;
  store<usize>(buffers + (index << 2), pointer);
  return index;
}

// @ts-ignore: decorator
@inline
function bufferAt(index: i32): BatchBuffer {
  if (<u32>index >= <u32>buffersMax) unreachable();
  const pointer = load<usize>(buffers + (index << 2));
  if (!pointer) unreachable();
  return changetype<BatchBuffer>(pointer);
}

/** Whether this batch buffer is open. */
export function isBuffer(index: i32): bool {
  return <u32>index < <u32>buffersMax && load<usize>(buffers + (index << 2)) != 0;
}

export function closeBuffer(index: i32): void {
  const buffer = bufferAt(index);
  free(buffer.block);
  free(changetype<usize>(buffer));
  store<usize>(buffers + (index << 2), 0);
}

export function bufferItems(index: i32): u32 {
  return bufferAt(index).items;
}

export function bufferBytes(index: i32): u32 {
  return bufferAt(index).length;
}

export function bufferNext(index: i32): f64 {
  const buffer = bufferAt(index);
  return <f64>(buffer.first + buffer.items);
}

/** Makes room for `bytes` more bytes of items. */
function growBuffer(buffer: BatchBuffer, bytes: u32): void {
  const around = HEAD_BYTES + SLACK_BYTES;
  const needed = max(max(BUFFER_BYTES_MIN, buffer.length + bytes + around), buffer.room * 2);
  const block = allocateOrTrap(needed);
  if (buffer.length) copyOver(block + HEAD_BYTES, buffer.block + HEAD_BYTES, buffer.length);
  free(buffer.block);
  buffer.block = block;
  buffer.room = capacityOf(block) - around;
}

/** Adds an item of `bytes` bytes. Returns where to write it. */
export function append(index: i32, bytes: u32): usize {
  const buffer = bufferAt(index);
  if (buffer.length + bytes > buffer.room) growBuffer(buffer, bytes);
  const at = buffer.block + HEAD_BYTES + buffer.length;
  buffer.length += bytes;
  buffer.items++;
  return at;
}

/** Writes an unsigned number in its shortest form. Returns where the next byte goes. */
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

/** Writes the header of a str (fixstr, d9, da, db) or bin (c4, c5, c6). */
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
 * Writes `["message", id, seq, data, state?]` into the slot's buffer up to the bytes of the data.
 * Returns where to write those, or 0 if the buffer has items and this one would pass the
 * target. The item counts when `closeMessage` is called, after the data was written.
 */
export function openMessage(slot: Slot, text: bool, length: u32): usize {
  const buffer = bufferAt(slot.buffer);
  const seq = slot.seq;
  const fixed = prefixBytes + ID_CHARS;
  const bytes = fixed + uintBytes(seq) + dataHeadBytes(text, length) + length + stateBytesOf(slot);
  if (buffer.items && buffer.length + bytes > batchBytesTarget) return 0;
  if (buffer.length + bytes > buffer.room) growBuffer(buffer, bytes);
  let at = buffer.block + HEAD_BYTES + buffer.length;
  copyOver(at, prefix, prefixBytes);
  if (slot.state) store<u8>(at, ARRAY_OF_FIVE);
  at += prefixBytes;
  const id = changetype<usize>(slot);
  v128.store(at, v128.load(id));
  v128.store(at + 16, v128.load(id + 16));
  at = writeUint(at + ID_CHARS, seq);
  return writeDataHead(at, text, length);
}

/** Adds the state, and counts the item. `end` is where its data ends. */
// @ts-ignore: decorator
@inline
export function closeMessage(slot: Slot, end: usize): void {
  const buffer = bufferAt(slot.buffer);
  if (slot.state) {
    const stateBytes = stateBytesOf(slot);
    copyOver(end, stateAtOf(slot), stateBytes);
    end += stateBytes;
  }
  buffer.length = <u32>(end - buffer.block) - HEAD_BYTES;
  buffer.items++;
  slot.seq++;
}

/** Bytes of the batch that `takeBatch` took. */
export let takenBytes: u32 = 0;

/**
 * Writes the batch's head before its items, and empties the buffer. Returns where the batch
 * starts. Its bytes stay until the buffer is written to again.
 */
export function takeBatch(index: i32): usize {
  const buffer = bufferAt(index);
  if (!buffer.block) growBuffer(buffer, 0);
  const items = buffer.items;
  const itemsHeadBytes: u32 = items < 16 ? 1 : items < 0x1_0000 ? 3 : 5;
  const headBytes = 2 + buffer.streamBytes + uintBytes(buffer.first) + itemsHeadBytes;
  const start = buffer.block + HEAD_BYTES - headBytes;
  store<u16>(start, 0x0194);
  memory.copy(start + 2, changetype<usize>(buffer) + BUFFER_STRUCT_BYTES, buffer.streamBytes);
  const at = writeUint(start + 2 + buffer.streamBytes, buffer.first);
  if (items < 16) {
    store<u8>(at, <u8>(0x90 | items));
  } else if (items < 0x1_0000) {
    store<u8>(at, 0xdc);
    store<u16>(at + 1, bswap<u16>(<u16>items));
  } else {
    store<u8>(at, 0xdd);
    store<u32>(at + 1, bswap<u32>(items));
  }
  takenBytes = headBytes + buffer.length;
  buffer.first += items;
  buffer.items = 0;
  buffer.length = 0;
  if (capacityOf(buffer.block) > BUFFER_KEEP_BYTES) {
    // The batch stays readable: freeing a block overwrites its header only, before the batch.
    free(buffer.block);
    buffer.block = 0;
    buffer.room = 0;
  }
  return start;
}
