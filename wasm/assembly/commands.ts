// A cursor over a command batch. `decode` checks the structure of the whole batch first. Then the
// host reads one item after the other, and one id of an item after the other.

import { Fault, Opcode, STREAM_BYTES_MAX, NoSlot, Verb } from "./constants";
import { resolve } from "./ids";
import {
  found,
  foundAt,
  isInteger,
  isMap,
  isNil,
  isNumber,
  passValue,
  readArray,
  readBin,
  readCount,
  readStr,
} from "./walk";
import { utf8Valid } from "./utf8";

let end: usize = 0;
export let streamAt: usize = 0;
export let streamBytes: u32 = 0;
export let first: f64 = 0;
/** Number of the oldest item that the sender can still repeat; -1 if it does not say. */
export let oldestAvailable: f64 = -1;
export let items: u32 = 0;
let itemsLeft: u32 = 0;
/** The current item, and where it ends. */
export let itemAt: usize = 0;
export let itemEnd: usize = 0;
export let verb: i32 = 0;
export let verbAt: usize = 0;
export let verbBytes: u32 = 0;
export let itemError: i32 = 0;
export let targets: u32 = 0;
/** The item's first id, and the one read last. */
let targetsAt: usize = 0;
let targetIndex: u32 = 0;
let targetAt: usize = 0;
export let idAt: usize = 0;
export let idBytes: u32 = 0;
export let dataKind: u32 = 0;
export let dataAt: usize = 0;
export let dataBytes: u32 = 0;
/** The options map, which ends with the item; 0 if there is none. */
export let optionsAt: usize = 0;
export let groupAt: usize = 0;
export let groupBytes: u32 = 0;

/** Starts to read the batch at `at`. Returns 0 or the fault. */
export function decode(at: usize, length: u32): i32 {
  end = at + length;
  items = itemsLeft = streamBytes = 0;
  streamAt = itemAt = 0;
  first = 0;
  oldestAvailable = -1;
  clearItem();
  if (!length || passValue(at, end, 0) != end || !readArray(at)) return Fault.BATCH_MALFORMED;
  const elements = found;
  itemEnd = foundAt;
  // A first element that is an integer is the version of a numbered batch.
  if (elements && isInteger(itemEnd)) {
    const fault = readNumbered(itemEnd, elements);
    if (fault) {
      streamAt = 0;
      first = 0;
      oldestAvailable = -1;
      return fault;
    }
  }
  items = itemsLeft = found;
  return 0;
}

/** Reads `1, stream, first, [items], oldestAvailable?`; the number of items is in `found` then. */
function readNumbered(at: usize, elements: u32): i32 {
  if (readCount(at) != 1) return Fault.BATCH_VERSION;
  if (elements < 4) return Fault.BATCH_MALFORMED;
  at = passValue(at, end, 0);
  if (!readStr(at) || found > STREAM_BYTES_MAX || !utf8Valid(foundAt, found)) {
    return Fault.BATCH_MALFORMED;
  }
  streamAt = foundAt;
  streamBytes = found;
  at = foundAt + found;
  const count = readCount(at);
  if (count < 0) return Fault.BATCH_MALFORMED;
  first = <f64>count;
  at = passValue(at, end, 0);
  // Only a number is meant: anything else is a trailing element that we do not know.
  if (elements > 4) oldestAvailable = <f64>readCount(passValue(at, end, 0));
  if (!readArray(at)) return Fault.BATCH_MALFORMED;
  itemEnd = foundAt;
  return 0;
}

function clearItem(): void {
  verb = Verb.UNKNOWN;
  verbAt = 0;
  verbBytes = 0;
  itemError = 0;
  targets = 0;
  targetIndex = 0;
  dataKind = 0;
  dataAt = 0;
  dataBytes = 0;
  optionsAt = 0;
  groupAt = 0;
  groupBytes = 0;
}

export function nextItem(): bool {
  clearItem();
  if (!itemsLeft) {
    itemAt = 0;
    return false;
  }
  itemsLeft--;
  itemAt = itemEnd;
  itemError = readItem(itemAt);
  if (itemError) {
    targets = dataKind = dataBytes = groupBytes = 0;
    // `decode` has passed the item, so its end exists.
    itemEnd = passValue(itemAt, end, 0);
  }
  return true;
}

/** The verb of up to eight letters, compared as one number, the first letter lowest. */
function verbOf(at: usize, length: u32): i32 {
  if (length < 3 || length > 7) return Verb.UNKNOWN;
  const letters = load<u64>(at) & ((<u64>1 << (<u64>length << 3)) - 1);
  if (letters == 0x646e6573) return Verb.SEND;
  if (letters == 0x65736f6c63) return Verb.CLOSE;
  if (letters == 0x6e696f6a) return Verb.JOIN;
  if (letters == 0x657661656c) return Verb.LEAVE;
  if (letters == 0x6873696c627570) return Verb.PUBLISH;
  if (letters == 0x6574617473) return Verb.STATE;
  if (letters == 0x7972657571) return Verb.QUERY;
  if (letters == 0x6b6361) return Verb.ACK;
  if (letters == 0x747065636361) return Verb.ACCEPT;
  if (letters == 0x7463656a6572) return Verb.REJECT;
  if (letters == 0x77656e6572) return Verb.RENEW;
  return Verb.UNKNOWN;
}

/** Reads the item's verb and checks its shape. Returns 0 and sets `itemEnd`, or the fault. */
function readItem(at: usize): i32 {
  if (!readArray(at) || !found) return Fault.COMMAND_MALFORMED;
  const elements = found;
  if (!readStr(foundAt)) return Fault.COMMAND_MALFORMED;
  verbAt = foundAt;
  verbBytes = found;
  verb = verbOf(verbAt, verbBytes);
  if (verb == Verb.UNKNOWN) return Fault.COMMAND_UNKNOWN;
  let element = verbAt + verbBytes;
  let last: usize = 0;
  for (let i: u32 = 1; i < elements; i++) {
    passed = 0;
    if (i < 4 && !fits(i, element)) return Fault.COMMAND_MALFORMED;
    last = element;
    element = passed ? passed : passValue(element, end, 0);
  }
  if (elements < leastElements()) return Fault.COMMAND_MALFORMED;
  if (elements > leastElements() && isMap(last)) optionsAt = last;
  itemEnd = element;
  return 0;
}

/** How many elements the verb needs at least, itself included. */
function leastElements(): u32 {
  return verb == Verb.CLOSE || verb == Verb.QUERY || verb == Verb.ACCEPT ? 2 : 3;
}

/** End of the element that `fits` checked, if it is known without `passValue`; else 0. */
let passed: usize = 0;

/** Whether element 1, 2 or 3 has the shape that the verb needs. Sets the results of the item. */
function fits(place: u32, at: usize): bool {
  if (verb == Verb.SEND && place == 2) return fitsData(at);
  if (place == 1) return fitsFirst(at);
  if (place == 2) return fitsSecond(at);
  if (verb == Verb.CLOSE) return readStr(at) || isNil(at) || isMap(at);
  return verb != Verb.REJECT || readStr(at) || readBin(at) || isNil(at) || isMap(at);
}

function fitsFirst(at: usize): bool {
  if (verb == Verb.PUBLISH) return fitsGroup(at);
  if (verb == Verb.ACK) return readStr(at);
  // A str names a group or a connection: the host finds out by `group` and `resolve`.
  if (verb == Verb.QUERY && readStr(at)) return fitsGroup(at);
  return fitsIds(at);
}

function fitsSecond(at: usize): bool {
  if (verb == Verb.PUBLISH) return fitsData(at);
  if (verb == Verb.ACK) return readCount(at) >= 0;
  if (verb == Verb.CLOSE) return isInteger(at) || isNil(at) || isMap(at);
  if (verb == Verb.JOIN || verb == Verb.LEAVE) return fitsGroup(at);
  if (verb == Verb.REJECT) return isInteger(at);
  if (verb == Verb.RENEW) return isNumber(at);
  return verb != Verb.ACCEPT || isNil(at) || isMap(at);
}

/** A group's name must be UTF-8: two names that are not could look the same. */
function fitsGroup(at: usize): bool {
  if (!readStr(at) || !utf8Valid(foundAt, found)) return false;
  groupAt = foundAt;
  groupBytes = found;
  passed = foundAt + found;
  return true;
}

function fitsIds(at: usize): bool {
  targetIndex = 0;
  if (readStr(at)) {
    targets = 1;
    targetsAt = targetAt = at;
    passed = foundAt + found;
    return true;
  }
  // `accept` and `reject` answer one connection.
  if (verb == Verb.ACCEPT || verb == Verb.REJECT || !readArray(at)) return false;
  targets = found;
  targetsAt = targetAt = foundAt;
  return true;
}

/** A str becomes a text message: it must be UTF-8, or the client would end the connection. */
function fitsData(at: usize): bool {
  if (readStr(at)) {
    if (!utf8Valid(foundAt, found)) return false;
    dataKind = Opcode.TEXT;
  } else if (readBin(at)) {
    dataKind = Opcode.BINARY;
  } else {
    return false;
  }
  dataAt = foundAt;
  dataBytes = found;
  passed = foundAt + found;
  return true;
}

/** Finds id `index`; cheap in ascending order. False if there is none, or no str. */
export function seekTarget(index: u32): bool {
  idAt = 0;
  idBytes = 0;
  if (index >= targets) return false;
  if (index < targetIndex) {
    targetIndex = 0;
    targetAt = targetsAt;
  }
  while (targetIndex < index) {
    targetAt = passValue(targetAt, end, 0);
    targetIndex++;
  }
  if (!readStr(targetAt)) return false;
  idAt = foundAt;
  idBytes = found;
  return true;
}

/** The slot of id `index`, or one of `NoSlot`. */
export function target(index: u32): i32 {
  return seekTarget(index) ? resolve(idAt, idBytes) : NoSlot.MALFORMED;
}
