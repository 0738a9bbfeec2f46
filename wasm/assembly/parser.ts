// The frame parser. It unmasks complete messages directly into the slot's batch buffer, and stops
// for everything else. When a message or frame goes on in the next chunk, the slot keeps the state
// and the slot's partial block keeps the payload.

import { unmaskOver, unmaskWithin } from "./bytes";
import { Fault, Opcode, SLACK_BYTES, Step } from "./constants";
import { beginFrame, checkClose, checkFirst, checkLength, checkSecond, lengthEnd } from "./frames";
import { closeMessage, openMessage } from "./buffers";
import { allocate, free } from "./memory";
import { dropUnfinished, Flag, growPartial, partialTotal, Slot, slotAt } from "./slots";
import { UTF8_BAD, utf8Step, utf8Valid } from "./utf8";

let partialBytesMax: u32 = 0;

/** The slot whose chunk is being parsed, null between chunks. */
let current: Slot | null = null;
/** What is left of the chunk. */
let cursor: usize = 0;
let limit: usize = 0;
/** A block whose bytes were handed to the host; freed at the next call. */
let handed: usize = 0;

export let stepAt: usize = 0;
export let stepBytes: u32 = 0;
export let faultCode: i32 = 0;
export let fedMessages: u32 = 0;
export let fedBytes: f64 = 0;

export function initParser(partialMax: u32): void {
  partialBytesMax = partialMax;
}

/** Whether the slot's messages are handed to the host. */
// @ts-ignore: decorator
@inline
function bypassesBatch(slot: Slot): bool {
  return slot.buffer < 0 || slot.bypassBatch;
}

function releaseHanded(): void {
  if (!handed) return;
  free(handed);
  handed = 0;
}

/** Ends the chunk: nothing more of it is parsed. */
function endChunk(step: i32): i32 {
  current = null;
  return step;
}

function fail(slot: Slot, fault: i32): i32 {
  faultCode = fault;
  slot.flags |= <u8>Flag.FINISHED;
  dropUnfinished(slot);
  return endChunk(Step.FAULT);
}

export function feed(index: u32, at: usize, length: u32): i32 {
  releaseHanded();
  fedMessages = 0;
  fedBytes = 0;
  const slot = slotAt(index);
  if (!slot || !(slot.flags & Flag.ATTACHED)) return Step.UNATTACHED;
  if (slot.flags & Flag.FINISHED) return endChunk(Step.DONE);
  current = slot;
  cursor = at;
  limit = at + length;
  return parse(slot);
}

export function next(): i32 {
  releaseHanded();
  const slot = current;
  return slot ? parse(slot) : Step.DONE;
}

/** Drops the chunk that is being parsed if it is this slot's: the connection is gone. */
export function abandon(slot: Slot): void {
  if (current == slot) current = null;
}

function parse(slot: Slot): i32 {
  if (slot.flags & Flag.READY) {
    const step = finishMessage(slot);
    if (step != Step.DONE) return step;
  }
  while (true) {
    if (!(slot.flags & Flag.IN_FRAME)) {
      const step = wholeMessages(slot);
      if (step != Step.DONE) return step;
      if (cursor == limit) return endChunk(Step.DONE);
      const fault = readHeader(slot);
      if (fault) return fail(slot, fault);
      if (!(slot.flags & Flag.IN_FRAME)) return endChunk(Step.DONE);
    }
    const control = slot.frame >= Opcode.CLOSE;
    const step = control ? readControl(slot) : readData(slot);
    if (step != Step.DONE) return step;
    if (slot.flags & Flag.IN_FRAME) return endChunk(Step.DONE);
  }
}

/**
 * The fast path: writes messages into the slot's batch buffer as long as each is one frame that is
 * complete in the chunk. It stops before everything else, faults included, for the general path.
 */
function wholeMessages(slot: Slot): i32 {
  if (bypassesBatch(slot) || slot.message || slot.headerLength) return Step.DONE;
  let at = cursor;
  while (at + 6 <= limit) {
    const start = <u32>load<u16>(at);
    // FIN, no RSV, text or binary, masked, a length that is not the eight-byte one.
    const opcode = (start & 0xff) ^ 0x80;
    let length = start >> 8;
    if (opcode - 1 > 1 || length < 0x80 || length == 0xff) break;
    length &= 0x7f;
    let payload = at + 6;
    if (length == 126) {
      payload = at + 8;
      if (payload > limit) break;
      length = <u32>bswap<u16>(load<u16>(at + 2));
    }
    if (payload + length > limit || checkLength(slot, at)) break;
    const text = opcode == Opcode.TEXT;
    const to = openMessage(slot, text, length);
    if (!to) return Step.BUFFER_FULL;
    const high = unmaskOver(to, payload, length, load<u32>(payload - 4));
    at = payload + length;
    cursor = at;
    if (high && text && !utf8Valid(to, length)) return fail(slot, Fault.NOT_UTF8);
    countMessage(slot, to, length);
  }
  return Step.DONE;
}

// @ts-ignore: decorator
@inline
function countMessage(slot: Slot, to: usize, length: u32): void {
  closeMessage(slot, to + length);
  fedMessages++;
  fedBytes += length;
}

/** Reads as much of a frame's header as has come. Sets IN_FRAME when it is complete. */
function readHeader(slot: Slot): i32 {
  const header = changetype<usize>(slot) + offsetof<Slot>("header");
  let have = <u32>slot.headerLength;
  while (cursor < limit) {
    store<u8>(header + have, load<u8>(cursor));
    cursor++;
    have++;
    const second = <u32>load<u8>(header + 1);
    let fault = 0;
    if (have == 1) fault = checkFirst(slot, load<u8>(header));
    if (have == 2) fault = checkSecond(load<u8>(header), second);
    if (!fault && have > 1 && have == lengthEnd(second)) fault = checkLength(slot, header);
    if (fault) return fault;
    if (have > 1 && have == lengthEnd(second) + 4) {
      slot.headerLength = 0;
      beginFrame(slot, header, header + have - 4);
      return 0;
    }
  }
  slot.headerLength = <u8>have;
  return 0;
}

/** Unmasks the frame's next `length` bytes to `to`. Not zero if one of them is not ASCII. */
function unmaskNext(slot: Slot, to: usize, length: u32): u32 {
  const mask = rotr<u32>(slot.mask, <u32>slot.maskOffset << 3);
  const high = unmaskOver(to, cursor, length, mask);
  slot.maskOffset = <u8>((slot.maskOffset + length) & 3);
  slot.remaining -= length;
  cursor += length;
  return high;
}

/** Unmasks a payload that is complete in the chunk in place, and hands it to the host. */
function showInPlace(slot: Slot): void {
  stepAt = cursor;
  stepBytes = slot.remaining;
  unmaskWithin(stepAt, stepBytes, slot.mask);
  cursor += stepBytes;
  slot.remaining = 0;
  slot.flags &= <u8>~Flag.IN_FRAME;
}

function readControl(slot: Slot): i32 {
  const there = min(<u32>(limit - cursor), slot.remaining);
  if (there == slot.remaining && !slot.control) {
    showInPlace(slot);
  } else {
    if (!slot.control) slot.control = allocate(125 + SLACK_BYTES);
    if (!slot.control) return fail(slot, Fault.MEMORY);
    unmaskNext(slot, slot.control + slot.controlLength, there);
    slot.controlLength += <u8>there;
    if (slot.remaining) return Step.DONE;
    stepAt = slot.control;
    stepBytes = slot.controlLength;
    handed = slot.control;
    slot.control = 0;
    slot.controlLength = 0;
    slot.flags &= <u8>~Flag.IN_FRAME;
  }
  if (slot.frame == Opcode.PING) return Step.PING;
  if (slot.frame == Opcode.PONG) return Step.PONG;
  const fault = checkClose(stepAt, stepBytes);
  if (fault) return fail(slot, fault);
  slot.flags |= <u8>Flag.FINISHED;
  dropUnfinished(slot);
  return endChunk(Step.CLOSE);
}

function readData(slot: Slot): i32 {
  const there = min(<u32>(limit - cursor), slot.remaining);
  const last = (slot.flags & Flag.LAST) != 0;
  if (last && !slot.partialLength && there == slot.remaining && !slot.maskOffset) {
    return readWhole(slot);
  }
  const checked = slot.message == Opcode.TEXT && !(slot.flags & Flag.COMPRESSED);
  if (there) {
    if (<u64>partialTotal + there > <u64>partialBytesMax) return fail(slot, Fault.MEMORY);
    const to = growPartial(slot, there);
    if (!to) return fail(slot, Fault.MEMORY);
    const high = unmaskNext(slot, to, there);
    if (checked && (high || slot.utf8)) {
      const state = utf8Step(slot.utf8, to, there);
      slot.utf8 = <u8>state;
      // RFC 6455, 8.1: invalid text fails the connection, before the message is complete too.
      if (state == UTF8_BAD) return fail(slot, Fault.NOT_UTF8);
    }
  }
  if (slot.remaining) return Step.DONE;
  slot.flags &= <u8>~Flag.IN_FRAME;
  if (!last) return Step.DONE;
  if (checked && slot.utf8) return fail(slot, Fault.NOT_UTF8);
  slot.flags |= <u8>Flag.READY;
  return finishMessage(slot);
}

/** Takes a message that is complete in the chunk, after its header. */
function readWhole(slot: Slot): i32 {
  const length = slot.remaining;
  const text = slot.message == Opcode.TEXT;
  const compressed = (slot.flags & Flag.COMPRESSED) != 0;
  if (compressed || bypassesBatch(slot)) {
    showInPlace(slot);
    if (!compressed && text && !utf8Valid(stepAt, stepBytes)) {
      return fail(slot, Fault.NOT_UTF8);
    }
    const step = Step.TEXT + i32(!text) + (compressed ? 2 : 0);
    slot.message = 0;
    return step;
  }
  const to = openMessage(slot, text, length);
  if (!to) return Step.BUFFER_FULL;
  const high = unmaskNext(slot, to, length);
  if (high && text && !utf8Valid(to, length)) return fail(slot, Fault.NOT_UTF8);
  slot.flags &= <u8>~Flag.IN_FRAME;
  slot.message = 0;
  countMessage(slot, to, length);
  return Step.DONE;
}

/** Takes the message in the partial block into the batch buffer, or hands it to the host. */
function finishMessage(slot: Slot): i32 {
  const length = slot.partialLength;
  const text = slot.message == Opcode.TEXT;
  const compressed = (slot.flags & Flag.COMPRESSED) != 0;
  let step = Step.DONE;
  if (compressed || bypassesBatch(slot)) {
    stepAt = slot.partial;
    stepBytes = length;
    handed = slot.partial;
    slot.partial = 0;
    step = Step.TEXT + i32(!text) + (compressed ? 2 : 0);
  } else {
    const to = openMessage(slot, text, length);
    if (!to) return Step.BUFFER_FULL;
    memory.copy(to, slot.partial, length);
    countMessage(slot, to, length);
  }
  slot.flags &= <u8>~Flag.READY;
  dropUnfinished(slot);
  return step;
}
