import { encode } from "@msgpack/msgpack";
import { limits, wellFormed } from "../../../core/base/mod.ts";
import { type MessageData, originLimits, toJsonValue } from "../base/mod.ts";
import type { Expiry } from "./expiry.ts";

/** A command as an element of a batch. */
export function encodeCommand(command: readonly unknown[], json: boolean): Uint8Array {
  if (json) return new TextEncoder().encode(JSON.stringify(toJsonValue(command)));
  return encode(wellFormed(command));
}

/**
 * A numbered batch of `takeNumbered`, with the oldest item's number as its last element. A large
 * one has room for that, and is copied only if it is asked for again: the bytes that were made
 * first may still wait to be sent.
 */
export function withOldest(
  batch: Uint8Array<ArrayBuffer>,
  oldest: number,
  json: boolean,
): Uint8Array<ArrayBuffer> {
  if (json) return joined(batch, new TextEncoder().encode(`],${oldest}]`));
  const { buffer, byteOffset, byteLength } = batch;
  const whole = new Uint8Array(buffer, byteOffset);
  if (byteLength + tailRoom > whole.length || whole[byteLength] !== 0) {
    return joined(batch, encode(oldest));
  }
  const bytes = whole.subarray(0, byteLength + tailRoom);
  const view = new DataView(buffer, byteOffset + byteLength, tailRoom);
  view.setUint8(0, uint64);
  view.setBigUint64(1, BigInt(oldest));
  return bytes;
}

const nothing: Buffer = Buffer.alloc(0);

/** Room for `["send"` and for the header of the data. */
const sendRoom = 16;
/** Of a longer text the bytes are counted; for a shorter one there is room for the most. */
const countedChars = 1_024;

/** A number in eight bytes, as MessagePack. */
const uint64 = 0xcf;
/** Room behind a large batch for the oldest item's number. */
const tailRoom = 9;
/** Room before the commands: for a packet's header, and for the batch's own head. */
const headRoom: number = limits.packetRoomBytes + limits.batchHeadBytesMax;

/**
 * The commands of one batch under construction, written into one growing buffer. A large batch
 * gets that buffer, so that its bytes are not copied; a small one gets a buffer of its size.
 */
export class CommandBatch {
  items = 0;
  readonly #json: boolean;
  /** There is none after a large batch was taken. */
  #buffer: Buffer = nothing;
  /** Bytes of the next buffer: as many as the last one had. */
  #bytesNext: number;
  readonly #start: number;
  #at: number;
  #marks: { readonly start: number; readonly end: number; readonly expiry: Expiry }[] = [];

  /** `before` is the batch before it, which shows how much is needed. */
  constructor(json: boolean, before?: CommandBatch) {
    this.#json = json;
    this.#start = this.#at = json ? 0 : headRoom;
    this.#bytesNext = before === undefined ? originLimits.batchBytesMin : before.#bytesNext;
  }

  /** Bytes of its commands, without the commas between them. */
  get bytes(): number {
    const bytes = this.#at - this.#start;
    return this.#json ? bytes - this.items : bytes;
  }

  /**
   * Writes `["send", id, data]`, the most frequent command, without a copy in between. MessagePack
   * only; `id` is as `packId` makes it.
   */
  send(id: Uint8Array, data: MessageData): void {
    const text = typeof data === "string";
    // The header's width is chosen before the length in bytes is known: a UTF-16 unit takes 3 at
    // most. MessagePack does not ask for the shortest form.
    const bytesMax = text ? textBytesMax(data) : data.length;
    this.#room(id.length + sendRoom + bytesMax);
    const buffer = this.#buffer;
    let at = this.#at;
    // An array of three elements, and "send" as a string of four bytes.
    buffer[at++] = 0x93;
    buffer[at++] = 0xa4;
    buffer[at++] = 0x73;
    buffer[at++] = 0x65;
    buffer[at++] = 0x6e;
    buffer[at++] = 0x64;
    buffer.set(id, at);
    const start = at + id.length;
    const width = bytesMax < 0x100 ? 1 : bytesMax < 0x10000 ? 2 : 4;
    let length = data.length;
    if (text) length = buffer.write(data, start + 1 + width);
    else buffer.set(data, start + 1 + width);
    buffer[start] = (text ? 0xd9 : 0xc4) + (width >> 1);
    if (width === 1) buffer[start + 1] = length;
    else if (width === 2) buffer.writeUInt16BE(length, start + 1);
    else buffer.writeUInt32BE(length, start + 1);
    this.#at = start + 1 + width + length;
    this.items++;
  }

  /** Adds an encoded command; one that has expired when the batch goes out is left out. */
  append(command: Uint8Array, expiry?: Expiry): void {
    this.#room(command.length + 1);
    const start = this.#at;
    if (this.#json) this.#buffer[this.#at++] = 0x2c;
    this.#buffer.set(command, this.#at);
    this.#at += command.length;
    this.items++;
    if (expiry !== undefined) this.#marks.push({ start, end: this.#at, expiry });
  }

  /** Removes expired commands. Returns how many of them no promise reports. */
  expire(): number {
    let unreported = 0;
    // From the last to the first, so that the positions of the others stay valid.
    for (const { start, end, expiry } of this.#marks.reverse()) {
      if (expiry.leave()) continue;
      this.#buffer.copyWithin(start, end, this.#at);
      this.#at -= end - start;
      this.items--;
      if (!expiry.reportsExpiry) unreported++;
    }
    this.#marks = [];
    return unreported;
  }

  /**
   * Takes `[1, stream, first, items` out, without its end. The object is empty afterwards. What is
   * before the batch in its buffer may be overwritten.
   */
  takeNumbered(stream: string, first: number): Uint8Array<ArrayBuffer> {
    if (this.#json) return this.#take(Buffer.from(`[1,${JSON.stringify(stream)},${first},`));
    const numbers = [Uint8Array.of(0x95, 1), encode(stream), encode(first)];
    return this.#take(Buffer.concat([...numbers, this.#arrayHead()]));
  }

  /** Takes `items` out, a batch without numbers. The object is empty afterwards. */
  takeBare(): Uint8Array<ArrayBuffer> {
    if (!this.#json) return this.#take(this.#arrayHead());
    return joined(this.#take(nothing), Uint8Array.of(0x5d));
  }

  #arrayHead(): Buffer {
    const head = Buffer.of(0xdd, 0, 0, 0, 0);
    head.writeUInt32BE(this.items, 1);
    return head;
  }

  #take(head: Uint8Array): Uint8Array<ArrayBuffer> {
    const [buffer, start, end] = [this.#buffer, this.#start, this.#at];
    // In JSON the first item's comma becomes the bracket that opens the array.
    if (this.#json) buffer[0] = 0x5b;
    this.items = 0;
    this.#at = start;
    const large = !this.#json && end - start > limits.roomyBatchBytesMin;
    if (large || buffer.length > originLimits.batchBytesKept) this.#buffer = nothing;
    this.#bytesNext = large ? bytesFor(end) : originLimits.batchBytesMin;
    // A batch is kept until it is acknowledged: not with a buffer of twice its size or more.
    if (!large || buffer.length >= 2 * end) return joined(head, buffer.subarray(start, end));
    buffer.set(head, start - head.length);
    buffer[end] = 0;
    const at = start - head.length;
    return new Uint8Array(buffer.buffer as ArrayBuffer, at, end - at);
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes + tailRoom;
    if (needed <= this.#buffer.length) return;
    const isFirst = this.#at === this.#start;
    const size = Math.max(needed, isFirst ? this.#bytesNext : bytesFor(needed + (needed >> 1)));
    const larger = Buffer.allocUnsafeSlow(size);
    larger.set(this.#buffer.subarray(this.#start, this.#at), this.#start);
    this.#buffer = larger;
    this.#bytesNext = Math.min(size, originLimits.batchBytesFull);
  }
}

/** How large a buffer for so many bytes becomes: most that grow large are filled to the target. */
function bytesFor(bytes: number): number {
  const { batchBytesFull } = originLimits;
  return bytes > batchBytesFull >> 2 && bytes < batchBytesFull ? batchBytesFull : bytes;
}

function textBytesMax(text: string): number {
  return text.length > countedChars ? Buffer.byteLength(text) : 3 * text.length;
}

/** Both in a buffer of their size: a batch is kept until it is acknowledged. */
function joined(head: Uint8Array, rest: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(head.length + rest.length).buffer);
  bytes.set(head);
  bytes.set(rest, head.length);
  return bytes;
}
