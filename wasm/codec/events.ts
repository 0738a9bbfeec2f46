import { assert, limits } from "../../core/base/mod.ts";
import type { CodecOptions, EventEncoder, MessageKind } from "../../core/ports/mod.ts";
import { isOneValue } from "../values/mod.ts";
import type { WasmFrames } from "./frames.ts";
import { areaBytes, type Exports, type Instance } from "./instance.ts";

/** Characters of a connection id after `NODE.`. */
export const idChars = 26;
/** Bytes of the longest name of a stream. */
const streamBytesMax = 128;
/** Up to here a loop over the characters is faster than `encodeInto` (decision record 2). */
const loopCharsMax = 16;
/** From here on a copy less is worth a further call. */
const directCharsMin = 1_024;

const encoder = new TextEncoder();

/** MessagePack header of a str of at most 255 bytes. */
export function strHead(length: number): readonly number[] {
  return length < 32 ? [0xa0 | length] : [0xd9, length];
}

/** Writes events into batch buffers in WASM memory. */
export class WasmEvents implements EventEncoder {
  readonly #instance: Instance;
  readonly #exports: Exports;
  readonly #frames: WasmFrames;
  readonly #options: CodecOptions;
  readonly #node: string;
  readonly #statesBytesMax: number;
  readonly #textAt: number;
  /** View of the area for a text; renewed when the memory has grown. */
  #texts: Uint8Array;
  #textBytes = 0;
  #messageBytesMax: number;

  constructor(instance: Instance, frames: WasmFrames, options: CodecOptions) {
    this.#instance = instance;
    this.#exports = instance.exports;
    this.#frames = frames;
    this.#options = options;
    this.#node = `${options.node}.`;
    this.#statesBytesMax = options.statesBytesMax ?? limits.statesBytesMax;
    this.#messageBytesMax = options.messageBytesMax;
    this.#textAt = this.#exports.text();
    this.#texts = instance.view(this.#textAt, areaBytes);
  }

  openBuffer(stream: string): number {
    const name = encoder.encode(stream);
    assert(name.length <= streamBytesMax, "the stream's name is short");
    const bytes = Uint8Array.of(...strHead(name.length), ...name);
    this.#instance.bytes().set(bytes, this.#textAt);
    return this.#exports.openBuffer(this.#textAt, bytes.length);
  }

  closeBuffer(buffer: number): void {
    this.#assertBuffer(buffer);
    this.#exports.closeBuffer(buffer);
  }

  bufferItems(buffer: number): number {
    this.#assertBuffer(buffer);
    return this.#exports.bufferItems(buffer);
  }

  bufferBytes(buffer: number): number {
    this.#assertBuffer(buffer);
    return this.#exports.bufferBytes(buffer);
  }

  bufferNext(buffer: number): number {
    this.#assertBuffer(buffer);
    return this.#exports.bufferNext(buffer);
  }

  takeBatch(buffer: number): Uint8Array<ArrayBuffer> {
    this.#assertBuffer(buffer);
    const at = this.#exports.takeBatch(buffer) >>> 0;
    const bytes = this.#exports.takenBytes();
    if (bytes <= limits.roomyBatchBytesMin) return this.#instance.copy(at, bytes);
    // What is before the batch in the memory is copied too: it takes less time than zeros.
    const room = limits.packetRoomBytes;
    return this.#instance.copy(at - room, room + bytes).subarray(room);
  }

  append(buffer: number, item: Uint8Array): void {
    this.#assertBuffer(buffer);
    const at = this.#exports.append(buffer, item.length) >>> 0;
    this.#instance.bytes().set(item, at);
  }

  limitBatches(batchBytesTarget: number, messageBytesMax: number): void {
    const options = this.#options;
    this.#messageBytesMax = Math.min(messageBytesMax, options.messageBytesMax);
    this.#exports.limitBuffers(Math.min(batchBytesTarget, options.batchBytesTarget));
    this.#exports.limitMessages(this.#messageBytesMax, Math.min(messageBytesMax, 0xffff_ffff));
  }

  get messageBytesMax(): number {
    return this.#messageBytesMax;
  }

  messageBytesMaxOf(slot: number): number {
    assert(this.#exports.stateBytes(slot) >= 0, "the slot is bound");
    return this.#exports.messageBytesMax(slot) >>> 0;
  }

  bind(slot: number, id: string, buffer: number): void {
    assert(id.startsWith(this.#node), "the id is one of this node");
    assert(id.length === this.#node.length + idChars, "the id is of the known form");
    if (buffer !== -1) this.#assertBuffer(buffer);
    assert(slot >= 0, "the slot is in range");
    const at = this.#exports.bind(slot, buffer) >>> 0;
    assert(at !== 0, "the slot is in range and free");
    const bytes = this.#instance.bytes();
    for (let i = 0; i < idChars; i++) bytes[at + i] = id.charCodeAt(this.#node.length + i);
  }

  move(slot: number, buffer: number): void {
    this.#assertBuffer(buffer);
    assert(this.#exports.move(slot, buffer) === 1, "the slot is bound");
  }

  unbind(slot: number): void {
    assert(this.#exports.unbind(slot) === 1, "the slot is bound");
    this.#frames.abandon(slot);
  }

  setState(slot: number, value: Uint8Array | undefined): boolean {
    const length = value?.length ?? 0;
    const before = this.#exports.stateBytes(slot);
    assert(before >= 0, "the slot is bound");
    assert(length <= limits.stateBytesMax, "the state is short");
    assert(value === undefined || isOneValue(value), "the state is one value");
    if (this.#exports.stateBytesTotal() - before + length > this.#statesBytesMax) return false;
    const at = this.#exports.setState(slot, length) >>> 0;
    if (value !== undefined) this.#instance.bytes().set(value, at);
    return true;
  }

  state(slot: number): Uint8Array | undefined {
    const bytes = this.#exports.stateBytes(slot);
    assert(bytes >= 0, "the slot is bound");
    if (bytes === 0) return undefined;
    return this.#instance.copy(this.#exports.stateAt(slot) >>> 0, bytes);
  }

  nextSeq(slot: number): number {
    const seq = this.#exports.nextSeq(slot);
    assert(seq >= 0, "the slot is bound");
    return seq;
  }

  takeSeq(slot: number): number {
    const seq = this.#exports.takeSeq(slot);
    assert(seq >= 0, "the slot is bound");
    return seq;
  }

  textBytes(): number {
    return this.#textBytes;
  }

  text(slot: number, data: string): boolean {
    const { length } = data;
    const texts = this.#textArea();
    if (length <= loopCharsMax) {
      let i = 0;
      for (; i < length; i++) {
        const unit = data.charCodeAt(i);
        if (unit > 0x7f) break;
        texts[i] = unit;
      }
      if (i === length) return this.#addText(slot, this.#textAt, length);
    }
    if (length >= directCharsMin && data.charCodeAt(0) <= 0x7f) {
      const added = this.#asciiText(slot, data);
      if (added !== undefined) return added;
    }
    if (length * 3 > areaBytes) return this.#longText(slot, data);
    const { written } = encoder.encodeInto(data, texts);
    return this.#addText(slot, this.#textAt, written);
  }

  /** Writes a text to the batch buffer at once; undefined if it is not ASCII: nothing is added. */
  #asciiText(slot: number, data: string): boolean | undefined {
    const { length } = data;
    const at = this.#exports.openText(slot, length) >>> 0;
    assert(at !== 1, "the slot has a buffer");
    if (at === 0) return false;
    // Any other character takes more bytes than it has UTF-16 units, so it would not fit.
    const { read } = encoder.encodeInto(data, this.#instance.view(at, length));
    if (read < length) return undefined;
    this.#exports.closeText(slot, at + length);
    this.#textBytes = length;
    return true;
  }

  /** A text that may not fit the area gets a block of its own during the call. */
  #longText(slot: number, data: string): boolean {
    const room = data.length * 3;
    const at = this.#instance.allocate(room);
    const { written } = encoder.encodeInto(data, this.#instance.view(at, room));
    const added = this.#addText(slot, at, written);
    this.#instance.free(at);
    return added;
  }

  #addText(slot: number, at: number, bytes: number): boolean {
    this.#textBytes = bytes;
    const result = this.#exports.addText(slot, at, bytes);
    assert(result >= 0, "the slot has a buffer");
    return result === 1;
  }

  bytes(slot: number, kind: MessageKind, data: Uint8Array): boolean {
    const at = this.#exports.reserve(slot, kind, data.length) >>> 0;
    assert(at !== 1, "the slot has a buffer");
    if (at === 0) return false;
    this.#instance.bytes().set(data, at);
    return true;
  }

  #textArea(): Uint8Array {
    if (this.#texts.length === 0) this.#texts = this.#instance.view(this.#textAt, areaBytes);
    return this.#texts;
  }

  #assertBuffer(buffer: number): void {
    assert(this.#exports.isBuffer(buffer) === 1, "the buffer is open");
  }
}
