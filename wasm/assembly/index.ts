// What the host calls. Parameters and results are integers; counts that may pass 2^32 are f64. The
// module imports nothing. Pointers are offsets into the exported memory. A call that allocates may
// grow the memory, and the host then needs new views.

import { copyOver } from "./bytes";
import * as commands from "./commands";
import { COMMAND_KEEP_BYTES, Opcode, SLACK_BYTES } from "./constants";
import { bytesMaxOf, initFrames } from "./frames";
import { initIds } from "./ids";
import * as buffers from "./buffers";
import { allocateOrTrap, capacityOf, free } from "./memory";
import * as parser from "./parser";
import { dropUnfinished, Flag, makeSlot, partialTotal, renewState, slotAt } from "./slots";
import { stateAtOf, stateBytesOf, stateTotal } from "./slots";
import { initUtf8, utf8Valid } from "./utf8";

export { allocateOrTrap as allocate, free, heapBytes } from "./memory";
export { append, bufferBytes, bufferItems, bufferNext, closeBuffer, isBuffer } from "./buffers";
export { itemPrefix, limitBuffers, openBuffer, takeBatch } from "./buffers";
export { limitMessages } from "./frames";
export { resolve } from "./ids";
export { feed, next } from "./parser";
export { decode, nextItem, seekTarget, target } from "./commands";

/** Areas for the host's input: a chunk, a text, and a command batch. The last one grows. */
let areaBytes: u32 = 0;
let inputArea: usize = 0;
let textArea: usize = 0;
let commandArea: usize = 0;

/**
 * Initialises the instance, once. Before, the host writes the item prefix to `itemPrefix()`:
 * `94 a7 message`, a str header and `NODE.`, which has `nodeBytes`. Each area has `readyBytes`.
 */
export function init(
  prefixBytes: u32,
  nodeBytes: u32,
  messageBytesMax: u32,
  batchBytesTarget: u32,
  partialBytesMax: u32,
  readyBytes: u32,
  fragmentsMax: u32,
): void {
  areaBytes = readyBytes;
  initUtf8();
  initIds(buffers.itemPrefix() + prefixBytes - nodeBytes, nodeBytes);
  buffers.initBuffers(batchBytesTarget, prefixBytes);
  initFrames(messageBytesMax, fragmentsMax);
  parser.initParser(partialBytesMax);
  inputArea = allocateOrTrap(areaBytes + SLACK_BYTES);
  textArea = allocateOrTrap(areaBytes + SLACK_BYTES);
  commandArea = allocateOrTrap(areaBytes + SLACK_BYTES);
}

export function input(): usize {
  return inputArea;
}

export function text(): usize {
  return textArea;
}

/** Where to write a command batch of `bytes` bytes. */
export function commandRoom(bytes: u32): usize {
  const room = capacityOf(commandArea);
  const tooSmall = bytes + SLACK_BYTES > room;
  const tooLarge = room > COMMAND_KEEP_BYTES && bytes <= areaBytes;
  if (tooSmall || tooLarge) {
    free(commandArea);
    commandArea = allocateOrTrap(max(bytes, areaBytes) + SLACK_BYTES);
  }
  return commandArea;
}

/**
 * Binds a slot. Returns where to write the 26 characters of its id, or 0 if the slot is bound
 * already or past the last one.
 */
export function bind(index: u32, buffer: i32): usize {
  const slot = makeSlot(index);
  if (!slot || slot.flags) return 0;
  slot.flags = <u8>Flag.BOUND;
  slot.buffer = buffer;
  slot.seq = 1;
  return changetype<usize>(slot);
}

/** False if the slot is not bound. */
export function move(index: u32, buffer: i32): bool {
  const slot = slotAt(index);
  if (!slot || !slot.flags) return false;
  slot.buffer = buffer;
  return true;
}

/** Bytes of the slot's state; -1 if the slot is not bound. */
export function stateBytes(index: u32): i32 {
  const slot = slotAt(index);
  return slot && slot.flags ? stateBytesOf(slot) : -1;
}

/** Gives a bound slot a state of `bytes` bytes, or none for 0. Returns where to write it. */
export function setState(index: u32, bytes: u32): usize {
  return renewState(slotAt(index)!, bytes);
}

/** Where the state is, of a slot that has one. */
export function stateAt(index: u32): usize {
  return stateAtOf(slotAt(index)!);
}

/** The largest message of a bound slot. */
export function messageBytesMax(index: u32): u32 {
  return bytesMaxOf(slotAt(index)!);
}

/** False if the slot is not bound. */
export function unbind(index: u32): bool {
  const slot = slotAt(index);
  if (!slot || !slot.flags) return false;
  parser.abandon(slot);
  dropUnfinished(slot);
  renewState(slot, 0);
  slot.flags = 0;
  return true;
}

/** False if the slot is not bound. */
export function attach(index: u32, deflate: bool, bypassBatch: bool): bool {
  const slot = slotAt(index);
  if (!slot || !slot.flags) return false;
  dropUnfinished(slot);
  slot.flags = <u8>(Flag.BOUND | Flag.ATTACHED | (deflate ? Flag.DEFLATE : 0));
  slot.bypassBatch = bypassBatch;
  return true;
}

/** Takes the slot's next seq; -1 if the slot is not bound. */
export function takeSeq(index: u32): f64 {
  const slot = slotAt(index);
  if (!slot || !slot.flags) return -1;
  const seq = slot.seq;
  slot.seq = seq + 1;
  return <f64>seq;
}

/** The slot's next seq, not taken; -1 if the slot is not bound. */
export function nextSeq(index: u32): f64 {
  const slot = slotAt(index);
  return slot && slot.flags ? <f64>slot.seq : -1;
}

/**
 * Adds a message of `length` bytes to the slot's batch buffer. Returns where to write its data, 0
 * if the buffer is full, or 1 (no pointer) if the slot has no batch buffer.
 */
export function reserve(index: u32, kind: u32, length: u32): usize {
  const slot = slotAt(index);
  if (!slot || !slot.flags || slot.buffer < 0) return 1;
  const at = buffers.openMessage(slot, kind == Opcode.TEXT, length);
  if (at) buffers.closeMessage(slot, at + length);
  return at;
}

/**
 * Begins a message of `length` bytes, whose data the host writes where this returns, 0 and 1 as of
 * `reserve`. It counts when `closeText` is called; until then nothing has changed.
 */
export function openText(index: u32, length: u32): usize {
  const slot = slotAt(index);
  if (!slot || !slot.flags || slot.buffer < 0) return 1;
  return buffers.openMessage(slot, true, length);
}

/** Ends the message that `openText` began. */
export function closeText(index: u32, end: usize): void {
  buffers.closeMessage(slotAt(index)!, end);
}

/** Adds the text at `from`: 1, or 0 if the buffer is full, -1 if the slot has none. */
export function addText(index: u32, from: usize, length: u32): i32 {
  const slot = slotAt(index);
  if (!slot || !slot.flags || slot.buffer < 0) return -1;
  const at = buffers.openMessage(slot, true, length);
  if (!at) return 0;
  copyOver(at, from, length);
  buffers.closeMessage(slot, at + length);
  return 1;
}

/** Whether the bytes at `at` are UTF-8. */
export function validText(at: usize, length: u32): bool {
  return utf8Valid(at, length);
}

// Results of the last call, one number each: this is cheaper than a view of a struct.

export function takenBytes(): u32 {
  return buffers.takenBytes;
}
export function stepAt(): usize {
  return parser.stepAt;
}
export function stepBytes(): u32 {
  return parser.stepBytes;
}
export function faultCode(): i32 {
  return parser.faultCode;
}
export function fedMessages(): u32 {
  return parser.fedMessages;
}
export function fedBytes(): f64 {
  return parser.fedBytes;
}
/** Bytes of the slot's unfinished message; -1 between messages. */
export function unfinishedBytes(index: u32): i32 {
  const slot = slotAt(index);
  return slot && slot.message ? slot.partialLength : -1;
}

export function partialBytes(): u32 {
  return partialTotal;
}
export function stateBytesTotal(): u32 {
  return stateTotal;
}
export function streamAt(): usize {
  return commands.streamAt;
}
export function streamBytes(): u32 {
  return commands.streamBytes;
}
export function first(): f64 {
  return commands.first;
}
export function oldestAvailable(): f64 {
  return commands.oldestAvailable;
}
export function items(): u32 {
  return commands.items;
}
export function itemAt(): usize {
  return commands.itemAt;
}
export function itemEnd(): usize {
  return commands.itemEnd;
}
export function verb(): i32 {
  return commands.verb;
}
export function verbAt(): usize {
  return commands.verbAt;
}
export function verbBytes(): u32 {
  return commands.verbBytes;
}
export function itemError(): i32 {
  return commands.itemError;
}
export function targets(): u32 {
  return commands.targets;
}
export function idAt(): usize {
  return commands.idAt;
}
export function idBytes(): u32 {
  return commands.idBytes;
}
export function dataKind(): u32 {
  return commands.dataKind;
}
export function dataAt(): usize {
  return commands.dataAt;
}
export function dataBytes(): u32 {
  return commands.dataBytes;
}
export function optionsAt(): usize {
  return commands.optionsAt;
}
export function groupAt(): usize {
  return commands.groupAt;
}
export function groupBytes(): u32 {
  return commands.groupBytes;
}
