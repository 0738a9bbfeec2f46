import { encode } from "@msgpack/msgpack";
import { wellFormed } from "../../../core/base/mod.ts";
import { type MessageData, originLimits, toJsonValue } from "../base/mod.ts";
import type { Expiry } from "./expiry.ts";

/** A command as an element of a batch. */
export function encodeCommand(command: readonly unknown[], json: boolean): Uint8Array {
  if (json) return new TextEncoder().encode(JSON.stringify(toJsonValue(command)));
  return encode(wellFormed(command));
}

/** A numbered batch of `takeNumbered`, with the oldest item's number as its last element. */
export function withOldest(
  batch: Uint8Array,
  oldest: number,
  json: boolean,
): Uint8Array<ArrayBuffer> {
  return joined(batch, json ? new TextEncoder().encode(`],${oldest}]`) : encode(oldest));
}

/** Room for `["send"` and for the header of the data. */
const sendRoom = 16;

/** The commands of one batch under construction, written into one growing buffer. */
export class CommandBatch {
  items = 0;
  readonly #json: boolean;
  #buffer: Buffer = Buffer.allocUnsafeSlow(originLimits.batchBytesMin);
  #at = 0;
  #marks: { readonly start: number; readonly end: number; readonly expiry: Expiry }[] = [];

  constructor(json: boolean) {
    this.#json = json;
  }

  /** Bytes of its commands, without the commas between them. */
  get bytes(): number {
    return this.#json ? this.#at - this.items : this.#at;
  }

  /**
   * Writes `["send", id, data]`, the most frequent command, without a copy in between. MessagePack
   * only; `id` is as `packId` makes it.
   */
  send(id: Uint8Array, data: MessageData): void {
    this.#room(id.length + sendRoom + 3 * data.length);
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
    const text = typeof data === "string";
    // The header's width is chosen before the length in bytes is known: a UTF-16 unit takes 3 at
    // most. MessagePack does not ask for the shortest form.
    const bytesMax = text ? 3 * data.length : data.length;
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

  /** Takes `[1, stream, first, items` out, without its end. The object is empty afterwards. */
  takeNumbered(stream: string, first: number): Uint8Array<ArrayBuffer> {
    if (this.#json) return this.#take(Buffer.from(`[1,${JSON.stringify(stream)},${first},`));
    const numbers = [Uint8Array.of(0x95, 1), encode(stream), encode(first)];
    return this.#take(Buffer.concat([...numbers, this.#arrayHead()]));
  }

  /** Takes `items` out, a batch without numbers. The object is empty afterwards. */
  takeBare(): Uint8Array<ArrayBuffer> {
    if (!this.#json) return this.#take(this.#arrayHead());
    return joined(this.#take(new Uint8Array(0)), Uint8Array.of(0x5d));
  }

  #arrayHead(): Buffer {
    const head = Buffer.of(0xdd, 0, 0, 0, 0);
    head.writeUInt32BE(this.items, 1);
    return head;
  }

  #take(head: Uint8Array): Uint8Array<ArrayBuffer> {
    // In JSON the first item's comma becomes the bracket that opens the array.
    if (this.#json) this.#buffer[0] = 0x5b;
    const batch = joined(head, this.#buffer.subarray(0, this.#at));
    this.items = 0;
    this.#at = 0;
    if (this.#buffer.length > originLimits.batchBytesKept) {
      this.#buffer = Buffer.allocUnsafeSlow(originLimits.batchBytesMin);
    }
    return batch;
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length));
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
  }
}

/** Both in a buffer of their size: MQTT.js clones the whole buffer behind a view. */
function joined(head: Uint8Array, rest: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(head.length + rest.length).buffer);
  bytes.set(head);
  bytes.set(rest, head.length);
  return bytes;
}
