import { assert, limits } from "../../core/base/mod.ts";
import {
  type CodecOptions,
  type EventEncoder,
  type MessageKind as Kind,
  MessageKind,
} from "../../core/ports/mod.ts";
import { isOneValue } from "../../wasm/values/mod.ts";
import { idChars, type Slot, type Slots } from "./slots.ts";

/** Bytes of a batch buffer's first block. The block doubles when it is full. */
const bufferBytesMin = 8_192;
/**
 * A batch buffer keeps a block up to this size when its batch is taken, and drops a larger one.
 */
const bufferKeepBytes = 262_144;
/** Up to here a loop over the characters is faster than `encodeInto` (decision record 2). */
const loopCharsMax = 16;
/** Bytes of the longest name of a stream. */
export const streamBytesMax = 128;

interface BatchBuffer {
  readonly streamHead: Uint8Array;
  bytes: Uint8Array;
  length: number;
  items: number;
  first: number;
}

const encoder = new TextEncoder();

/** Header of a str (fixstr, d9, da, db) or bin (c4, c5, c6). */
function dataHead(kind: Kind, length: number): readonly number[] {
  const base = kind === MessageKind.text ? 0xd9 : 0xc4;
  if (kind === MessageKind.text && length < 32) return [0xa0 | length];
  if (length < 0x100) return [base, length];
  if (length < 0x1_0000) return [base + 1, length >> 8, length & 0xff];
  return [base + 2, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
}

/** Bytes of an unsigned number in its shortest form. */
function uintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x100) return 2;
  if (value < 0x1_0000) return 3;
  return value < 0x1_0000_0000 ? 5 : 9;
}

/** Writes an unsigned number in `length` bytes. Returns where the next byte goes. */
function writeUint(to: Uint8Array, at: number, value: number, length: number): number {
  if (length === 1) {
    to[at] = value;
    return at + 1;
  }
  to[at] = 0xcc + Math.log2(length - 1);
  let rest = value;
  for (let i = at + length - 1; i > at; i--) {
    to[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return at + length;
}

/** The event encoder in plain TypeScript. */
export class ReferenceEvents implements EventEncoder {
  #textBytes = 0;
  readonly #node: string;
  readonly #options: CodecOptions;
  #bytesTarget: number;
  readonly #slots: Slots;
  readonly #buffers: (BatchBuffer | undefined)[] = [];
  readonly #texts: Uint8Array = new Uint8Array(65_536);

  constructor(slots: Slots, options: CodecOptions) {
    this.#slots = slots;
    this.#options = options;
    this.#node = options.node;
    this.#bytesTarget = options.batchBytesTarget;
  }

  openBuffer(stream: string): number {
    const name = encoder.encode(stream);
    assert(name.length <= streamBytesMax, "the stream's name is short");
    const head = dataHead(MessageKind.text, name.length);
    const streamHead = Uint8Array.of(...head, ...name);
    const free = this.#buffers.indexOf(undefined);
    const buffer = free < 0 ? this.#buffers.length : free;
    const bytes = new Uint8Array(0);
    this.#buffers[buffer] = { streamHead, bytes, length: 0, items: 0, first: 0 };
    return buffer;
  }

  closeBuffer(buffer: number): void {
    this.#buffer(buffer);
    this.#buffers[buffer] = undefined;
  }

  bufferItems(buffer: number): number {
    return this.#buffer(buffer).items;
  }

  bufferBytes(buffer: number): number {
    return this.#buffer(buffer).length;
  }

  bufferNext(buffer: number): number {
    const { first, items } = this.#buffer(buffer);
    return first + items;
  }

  takeBatch(index: number): Uint8Array<ArrayBuffer> {
    const buffer = this.#buffer(index);
    const { streamHead, items, first } = buffer;
    const itemsBytes = items < 16 ? 1 : items < 0x1_0000 ? 3 : 5;
    const firstBytes = uintLength(first);
    const headBytes = 2 + streamHead.length + firstBytes + itemsBytes;
    const bytes = headBytes + buffer.length;
    const room = bytes > limits.roomyBatchBytesMin ? limits.packetRoomBytes : 0;
    const batch = new Uint8Array(room + bytes).subarray(room);
    batch[0] = 0x94;
    batch[1] = 1;
    batch.set(streamHead, 2);
    const at = writeUint(batch, 2 + streamHead.length, first, firstBytes);
    batch[at] = items < 16 ? 0x90 | items : itemsBytes === 3 ? 0xdc : 0xdd;
    for (let i = 1, rest = items; i < itemsBytes; i++, rest >>>= 8) {
      batch[headBytes - i] = rest & 0xff;
    }
    batch.set(buffer.bytes.subarray(0, buffer.length), headBytes);
    buffer.first += items;
    buffer.items = 0;
    buffer.length = 0;
    if (buffer.bytes.length > bufferKeepBytes) buffer.bytes = new Uint8Array(0);
    return batch;
  }

  append(index: number, item: Uint8Array): void {
    const buffer = this.#buffer(index);
    this.#room(buffer, item.length).set(item, buffer.length);
    buffer.length += item.length;
    buffer.items++;
  }

  limitBatches(batchBytesTarget: number, messageBytesMax: number): void {
    const options = this.#options;
    this.#bytesTarget = Math.min(batchBytesTarget, options.batchBytesTarget);
    this.#slots.limits = {
      ...this.#slots.limits,
      messageBytesMax: Math.min(messageBytesMax, options.messageBytesMax),
      dataAndStateBytesMax: messageBytesMax,
    };
  }

  get messageBytesMax(): number {
    return this.#slots.limits.messageBytesMax;
  }

  messageBytesMaxOf(slot: number): number {
    return this.#slots.limitsOf(this.#slots.bound(slot)).messageBytesMax;
  }

  bind(slot: number, id: string, buffer: number): void {
    assert(id.startsWith(`${this.#node}.`), "the id is one of this node");
    assert(id.length === this.#node.length + 1 + idChars, "the id is of the known form");
    assert(buffer === -1 || this.#buffers[buffer] !== undefined, "the buffer is open");
    const head = dataHead(MessageKind.text, id.length);
    const prefix = Uint8Array.of(
      0x94,
      0xa7,
      ...encoder.encode("message"),
      ...head,
      ...encoder.encode(id),
    );
    this.#slots.bind(slot, {
      id,
      buffer,
      prefix,
      seq: 1,
      state: undefined,
      frames: undefined,
    });
  }

  move(slot: number, buffer: number): void {
    assert(this.#buffers[buffer] !== undefined, "the buffer is open");
    this.#slots.bound(slot).buffer = buffer;
  }

  unbind(slot: number): void {
    this.#slots.unbind(slot);
  }

  setState(slot: number, value: Uint8Array | undefined): boolean {
    const bound = this.#slots.bound(slot);
    assert((value?.length ?? 0) <= limits.stateBytesMax, "the state is short");
    assert(value === undefined || isOneValue(value), "the state is one value");
    return this.#slots.setState(bound, value?.slice());
  }

  state(slot: number): Uint8Array | undefined {
    return this.#slots.bound(slot).state?.slice();
  }

  nextSeq(slot: number): number {
    return this.#slots.bound(slot).seq;
  }

  takeSeq(slot: number): number {
    return this.#slots.bound(slot).seq++;
  }

  text(index: number, data: string): boolean {
    const slot = this.#slots.bound(index);
    const { length } = data;
    let at = 0;
    const texts = this.#texts;
    if (length <= loopCharsMax) {
      for (; at < length; at++) {
        const unit = data.charCodeAt(at);
        if (unit > 0x7f) break;
        texts[at] = unit;
      }
      if (at === length) return this.#textFrom(slot, texts, length);
    }
    if (length * 3 > texts.length) {
      const bytes = encoder.encode(data);
      return this.#textFrom(slot, bytes, bytes.length);
    }
    const { written } = encoder.encodeInto(data, texts);
    return this.#textFrom(slot, texts, written);
  }

  textBytes(): number {
    return this.#textBytes;
  }

  #textFrom(slot: Slot, from: Uint8Array, length: number): boolean {
    this.#textBytes = length;
    return this.bytesFrom(slot, MessageKind.text, from, 0, length);
  }

  bytes(slot: number, kind: Kind, data: Uint8Array): boolean {
    return this.bytesFrom(this.#slots.bound(slot), kind, data, 0, data.length);
  }

  /** Writes a message whose data is in `from`. False where the batch buffer is full. */
  bytesFrom(slot: Slot, kind: Kind, from: Uint8Array, start: number, length: number): boolean {
    const at = this.openMessage(slot, kind, length);
    if (at < 0) return false;
    const { bytes } = this.#buffer(slot.buffer);
    if (length < 48) for (let i = 0; i < length; i++) bytes[at + i] = from[start + i]!;
    else bytes.set(from.subarray(start, start + length), at);
    this.closeMessage(slot, at + length);
    return true;
  }

  /**
   * Writes a message item up to its data. Returns where that goes; -1 where the buffer is full.
   */
  openMessage(slot: Slot, kind: Kind, length: number): number {
    assert(slot.buffer >= 0, "the slot has a buffer");
    const buffer = this.#buffer(slot.buffer);
    const { prefix, seq, state } = slot;
    const seqBytes = uintLength(seq);
    const short = kind === MessageKind.text && length < 32;
    const headBytes = short ? 1 : length < 0x100 ? 2 : length < 0x1_0000 ? 3 : 5;
    let bytes = prefix.length + seqBytes + headBytes + length;
    if (state !== undefined) bytes += state.length;
    if (buffer.items > 0 && buffer.length + bytes > this.#bytesTarget) return -1;
    const to = this.#room(buffer, bytes);
    to.set(prefix, buffer.length);
    let at = writeUint(to, buffer.length + prefix.length, seq, seqBytes);
    if (headBytes === 1) to[at++] = 0xa0 | length;
    else if (headBytes === 2) {
      to[at++] = kind === MessageKind.text ? 0xd9 : 0xc4;
      to[at++] = length;
    } else for (const byte of dataHead(kind, length)) to[at++] = byte;
    return at;
  }

  /** Adds the state, and counts the item. `end` is where its data ends. */
  closeMessage(slot: Slot, end: number): void {
    const buffer = this.#buffer(slot.buffer);
    const { state } = slot;
    buffer.length = end;
    if (state !== undefined) {
      buffer.bytes.set(state, end);
      buffer.length += state.length;
    }
    buffer.items++;
    slot.seq++;
  }

  /** The bytes that `openMessage` returned an index of. */
  buffer(slot: Slot): Uint8Array {
    return this.#buffer(slot.buffer).bytes;
  }

  #buffer(index: number): BatchBuffer {
    const buffer = this.#buffers[index];
    assert(buffer !== undefined, "the buffer is open");
    return buffer;
  }

  /** The batch buffer's bytes, with room for `bytes` more. */
  #room(buffer: BatchBuffer, bytes: number): Uint8Array {
    const needed = buffer.length + bytes;
    if (needed <= buffer.bytes.length) return buffer.bytes;
    const grown = new Uint8Array(Math.max(bufferBytesMin, needed, buffer.bytes.length * 2));
    grown.set(buffer.bytes.subarray(0, buffer.length));
    buffer.bytes = grown;
    return grown;
  }
}
