import { assert, limits } from "../core/base/mod.ts";
import {
  type CodecOptions,
  type EventEncoder,
  type MessageKind,
  Target,
} from "../core/ports/mod.ts";
import type { Exports } from "./instance.ts";
import type { Memory } from "./memory.ts";
import { isOneValue } from "./reference/mod.ts";

/** Bytes of the module's areas for a chunk, a text, a command batch. */
export const areaBytes: number = limits.chunkBytesMax;
/** Characters of a connection id after `NODE.`. */
const idChars = 26;
/** Characters of the longest id that may be one. */
const idCharsMax = 64;
/** Bytes of a stream's name. */
const streamBytesMax = 128;
/** Up to here a loop over the characters is faster than `encodeInto` (decision record 2). */
const loopCharsMax = 16;

const encoder = new TextEncoder();

/** Header of a str of at most 255 bytes. */
function strHead(length: number): readonly number[] {
  return length < 32 ? [0xa0 | length] : [0xd9, length];
}

/** Batch buffers and message events, written inside WASM memory. */
export class WasmEvents implements Omit<EventEncoder, "unbind"> {
  #textBytes = 0;
  readonly #wasm: Exports;
  readonly #memory: Memory;
  readonly #node: string;
  readonly #statesBytesMax: number;
  readonly #textAt: number;
  #texts: Uint8Array;

  constructor(wasm: Exports, memory: Memory, options: CodecOptions) {
    this.#wasm = wasm;
    this.#memory = memory;
    this.#node = `${options.node}.`;
    const { messageBytesMax, batchBytesTarget, partialBytesMax } = options;
    const { fragmentsMax = limits.fragmentsMax } = options;
    this.#statesBytesMax = options.statesBytesMax ?? limits.statesBytesMax;
    const sizes = [messageBytesMax, batchBytesTarget, partialBytesMax, areaBytes] as const;
    const node = encoder.encode(this.#node);
    assert(node.length <= 33, "the node's name is short");
    const head = strHead(node.length + idChars);
    const prefix = Uint8Array.of(0x94, 0xa7, ...encoder.encode("message"), ...head, ...node);
    memory.bytes().set(prefix, wasm.itemPrefix());
    wasm.init(prefix.length, node.length, ...sizes, fragmentsMax);
    this.#textAt = wasm.text();
    this.#texts = memory.view(this.#textAt, areaBytes);
  }

  openBuffer(stream: string): number {
    const name = encoder.encode(stream);
    assert(name.length <= streamBytesMax, "the stream's name is short");
    const bytes = Uint8Array.of(...strHead(name.length), ...name);
    this.#memory.bytes().set(bytes, this.#textAt);
    return this.#wasm.openBuffer(this.#textAt, bytes.length);
  }

  closeBuffer(buffer: number): void {
    this.#assertBuffer(buffer);
    this.#wasm.closeBuffer(buffer);
  }

  bufferItems(buffer: number): number {
    this.#assertBuffer(buffer);
    return this.#wasm.bufferItems(buffer);
  }

  bufferBytes(buffer: number): number {
    this.#assertBuffer(buffer);
    return this.#wasm.bufferBytes(buffer);
  }

  bufferNext(buffer: number): number {
    this.#assertBuffer(buffer);
    return this.#wasm.bufferNext(buffer);
  }

  takeBatch(buffer: number): Uint8Array<ArrayBuffer> {
    this.#assertBuffer(buffer);
    const at = this.#wasm.takeBatch(buffer) >>> 0;
    return this.#memory.copy(at, this.#wasm.takenBytes());
  }

  append(buffer: number, item: Uint8Array): void {
    this.#assertBuffer(buffer);
    const at = this.#wasm.append(buffer, item.length) >>> 0;
    this.#memory.bytes().set(item, at);
  }

  bind(slot: number, id: string, buffer: number): void {
    assert(id.startsWith(this.#node), "the id is one of this node");
    assert(id.length === this.#node.length + idChars, "the id is of the known form");
    if (buffer !== -1) this.#assertBuffer(buffer);
    assert(slot >= 0, "the slot is in range");
    const at = this.#wasm.bind(slot, buffer) >>> 0;
    assert(at !== 0, "the slot is in range and free");
    const bytes = this.#memory.bytes();
    for (let i = 0; i < idChars; i++) bytes[at + i] = id.charCodeAt(this.#node.length + i);
  }

  move(slot: number, buffer: number): void {
    this.#assertBuffer(buffer);
    assert(this.#wasm.move(slot, buffer) === 1, "the slot is bound");
  }

  setState(slot: number, value: Uint8Array | undefined): boolean {
    const length = value?.length ?? 0;
    const before = this.#wasm.stateBytes(slot);
    assert(before >= 0, "the slot is bound");
    assert(length <= limits.stateBytesMax, "the state is short");
    assert(value === undefined || isOneValue(value), "the state is one value");
    if (this.#wasm.stateBytesTotal() - before + length > this.#statesBytesMax) return false;
    const at = this.#wasm.setState(slot, length) >>> 0;
    if (value !== undefined) this.#memory.bytes().set(value, at);
    return true;
  }

  state(slot: number): Uint8Array | undefined {
    const bytes = this.#wasm.stateBytes(slot);
    assert(bytes >= 0, "the slot is bound");
    if (bytes === 0) return undefined;
    return this.#memory.copy(this.#wasm.stateAt(slot) >>> 0, bytes);
  }

  nextSeq(slot: number): number {
    const seq = this.#wasm.nextSeq(slot);
    assert(seq >= 0, "the slot is bound");
    return seq;
  }

  takeSeq(slot: number): number {
    const seq = this.#wasm.takeSeq(slot);
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
    if (length * 3 > areaBytes) return this.#longText(slot, data);
    const { written } = encoder.encodeInto(data, texts);
    return this.#addText(slot, this.#textAt, written);
  }

  /** A text that may not fit the area gets a block of its own for the moment. */
  #longText(slot: number, data: string): boolean {
    const room = data.length * 3;
    const at = this.#memory.allocate(room);
    const { written } = encoder.encodeInto(data, this.#memory.view(at, room));
    const added = this.#addText(slot, at, written);
    this.#memory.free(at);
    return added;
  }

  #addText(slot: number, at: number, bytes: number): boolean {
    this.#textBytes = bytes;
    const result = this.#wasm.addText(slot, at, bytes);
    assert(result >= 0, "the slot has a buffer");
    return result === 1;
  }

  bytes(slot: number, kind: MessageKind, data: Uint8Array): boolean {
    const at = this.#wasm.reserve(slot, kind, data.length) >>> 0;
    assert(at !== 1, "the slot has a buffer");
    if (at === 0) return false;
    this.#memory.bytes().set(data, at);
    return true;
  }

  /** The slot of an id, or one of `Target`. */
  resolve(id: string): number {
    const { length } = id;
    const texts = this.#textArea();
    if (length > idCharsMax) return Target.malformed;
    for (let i = 0; i < length; i++) {
      const unit = id.charCodeAt(i);
      if (unit > 0x7f) return Target.malformed;
      texts[i] = unit;
    }
    return this.#wasm.resolve(this.#textAt, length);
  }

  validUtf8(bytes: Uint8Array): boolean {
    const { length } = bytes;
    const at = length <= areaBytes ? this.#textAt : this.#memory.allocate(length);
    this.#memory.bytes().set(bytes, at);
    const valid = this.#wasm.validText(at, length) === 1;
    if (at !== this.#textAt) this.#memory.free(at);
    return valid;
  }

  /** The text area; the view on it is renewed when memory has grown. */
  #textArea(): Uint8Array {
    if (this.#texts.length === 0) this.#texts = this.#memory.view(this.#textAt, areaBytes);
    return this.#texts;
  }

  #assertBuffer(buffer: number): void {
    assert(this.#wasm.isBuffer(buffer) === 1, "the buffer is open");
  }
}
