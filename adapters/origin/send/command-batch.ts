import { encode } from "@msgpack/msgpack";
import { type MessageData, originLimits } from "../base/mod.ts";
import type { Expiry } from "./expiry.ts";
import { toJsonData, toJsonValue } from "./json-batch.ts";

/** What stands in the map at a command's end. */
export interface CommandOptions {
  readonly ref?: string;
  readonly ttl?: number;
  /** When the command was made, which `ttl` counts from. */
  readonly at?: number;
}

/** Commands for one node under construction. Ids come as `packId` makes them. */
export interface CommandBatch {
  readonly items: number;
  readonly bytes: number;
  send(id: Uint8Array, data: MessageData): void;
  sendMany(
    ids: readonly Uint8Array[],
    data: MessageData,
    options: CommandOptions | undefined,
  ): void;
  close(ids: readonly Uint8Array[], closeCode: number, closeReason: string): void;
  /** Any command, as plain values. */
  add(item: readonly unknown[]): void;
  /** The last command must not go out after a time. */
  mark(expiry: Expiry): void;
  /** Takes out what must not go out any more; how many of them nobody is told of. */
  expire(): number;
  /** The batch as `[1, stream, first, items]`; empty afterwards. */
  take(stream: string, first: number): Uint8Array;
}

/** Room for the batch's own header before the items; a stream's name fits in. */
const headerRoom = 160;
/** Room for an item besides ids and data: verb, array headers, options. */
const itemRoom = 160;

const none: Uint8Array = new Uint8Array(0);

/** The same in MessagePack, written straight into one growing buffer. */
export class MessagePackCommandBatch implements CommandBatch {
  items = 0;
  #buffer: Buffer = Buffer.allocUnsafeSlow(originLimits.batchBytesMin);
  #at: number = headerRoom;
  /** Where the last command begins, unless it came by `send`. */
  #start: number = headerRoom;
  #marks: { readonly start: number; readonly end: number; readonly expiry: Expiry }[] = [];

  get bytes(): number {
    return this.#at - headerRoom;
  }

  send(id: Uint8Array, data: MessageData): void {
    this.#room(id.length + itemRoom + 3 * data.length);
    const buffer = this.#buffer;
    let at = this.#at;
    // ["send", …, …]
    buffer[at] = 0x93;
    buffer[at + 1] = 0xa4;
    buffer[at + 2] = 0x73;
    buffer[at + 3] = 0x65;
    buffer[at + 4] = 0x6e;
    buffer[at + 5] = 0x64;
    at += 6;
    buffer.set(id, at);
    this.#at = at + id.length;
    this.#data(data);
    this.items++;
  }

  sendMany(
    ids: readonly Uint8Array[],
    data: MessageData,
    options: CommandOptions | undefined,
  ): void {
    const map = options === undefined ? none : encode(options);
    this.#head(map === none ? 3 : 4, "send", ids, 3 * data.length + map.length + itemRoom);
    this.#data(data);
    this.#buffer.set(map, this.#at);
    this.#at += map.length;
  }

  add(item: readonly unknown[]): void {
    const bytes = encode(item);
    this.#room(bytes.length);
    this.#start = this.#at;
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
    this.items++;
  }

  mark(expiry: Expiry): void {
    this.#marks.push({ start: this.#start, end: this.#at, expiry });
  }

  expire(): number {
    let untold = 0;
    // From the last to the first, so that the places of those before stay what they are.
    for (const { start, end, expiry } of this.#marks.reverse()) {
      if (expiry.leave()) continue;
      this.#buffer.copyWithin(start, end, this.#at);
      this.#at -= end - start;
      this.items--;
      if (!expiry.isTold) untold++;
    }
    this.#marks = [];
    return untold;
  }

  close(ids: readonly Uint8Array[], closeCode: number, closeReason: string): void {
    this.#head(4, "close", ids, 3 * closeReason.length + itemRoom);
    this.#buffer[this.#at] = 0xcd;
    this.#at = this.#buffer.writeUInt16BE(closeCode, this.#at + 1);
    this.#data(closeReason);
  }

  take(stream: string, first: number): Uint8Array {
    const name = Buffer.from(stream);
    // 0x94 01, str 8 of the name, uint 64 of the number, array 32 of the items.
    const start = headerRoom - (2 + 2 + name.length + 9 + 5);
    const buffer = this.#buffer;
    buffer[start] = 0x94;
    buffer[start + 1] = 1;
    buffer[start + 2] = 0xd9;
    buffer[start + 3] = name.length;
    buffer.set(name, start + 4);
    let at = start + 4 + name.length;
    buffer[at] = 0xcf;
    at = buffer.writeBigUInt64BE(BigInt(first), at + 1);
    buffer[at] = 0xdd;
    buffer.writeUInt32BE(this.items, at + 1);
    // A copy in an exact buffer: this one is written again at once.
    const batch = new Uint8Array(buffer.subarray(start, this.#at));
    this.items = 0;
    this.#at = headerRoom;
    if (buffer.length > originLimits.batchBytesKept) {
      this.#buffer = Buffer.allocUnsafeSlow(originLimits.batchBytesMin);
    }
    return batch;
  }

  /** Array header, verb, and one id or the array of them. */
  #head(elements: number, verb: string, ids: readonly Uint8Array[], room: number): void {
    let idBytes = 5;
    for (const id of ids) idBytes += id.length;
    this.#room(idBytes + room);
    this.#start = this.#at;
    this.#buffer[this.#at++] = 0x90 + elements;
    this.#data(verb);
    if (ids.length !== 1) {
      this.#buffer[this.#at] = 0xdd;
      this.#at = this.#buffer.writeUInt32BE(ids.length, this.#at + 1);
    }
    for (const id of ids) {
      this.#buffer.set(id, this.#at);
      this.#at += id.length;
    }
    this.items++;
  }

  /** Writes data for which there is room. */
  #data(data: MessageData): void {
    const buffer = this.#buffer;
    const text = typeof data === "string";
    // The header's width is chosen before the length in bytes is known: a UTF-16 unit takes 3 at
    // most. MessagePack does not ask for the shortest form.
    const most = text ? 3 * data.length : data.length;
    const width = most < 0x100 ? 1 : most < 0x10000 ? 2 : 4;
    const start = this.#at + 1 + width;
    let length = data.length;
    if (text) length = buffer.write(data, start);
    else buffer.set(data, start);
    if (width === 1) {
      buffer[this.#at] = text ? 0xd9 : 0xc4;
      buffer[this.#at + 1] = length;
    } else if (width === 2) {
      buffer[this.#at] = text ? 0xda : 0xc5;
      buffer.writeUInt16BE(length, this.#at + 1);
    } else {
      buffer[this.#at] = text ? 0xdb : 0xc6;
      buffer.writeUInt32BE(length, this.#at + 1);
    }
    this.#at = start + length;
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length));
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
  }
}

/** The same in JSON, for people who look at the wire. */
export class JsonCommandBatch implements CommandBatch {
  readonly #marks: Map<number, Expiry> = new Map();
  #items: string[] = [];
  #bytes = 0;

  get items(): number {
    return this.#items.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  send(id: Uint8Array, data: MessageData): void {
    this.#add(["send", idOf(id), toJsonData(data)]);
  }

  sendMany(
    ids: readonly Uint8Array[],
    data: MessageData,
    options: CommandOptions | undefined,
  ): void {
    const map = options === undefined ? [] : [options];
    this.#add(["send", idsOf(ids), toJsonData(data), ...map]);
  }

  close(ids: readonly Uint8Array[], closeCode: number, closeReason: string): void {
    this.#add(["close", idsOf(ids), closeCode, closeReason]);
  }

  add(item: readonly unknown[]): void {
    this.#add(toJsonValue(item) as unknown[]);
  }

  mark(expiry: Expiry): void {
    this.#marks.set(this.#items.length - 1, expiry);
  }

  expire(): number {
    let untold = 0;
    this.#items = this.#items.filter((item, index) => {
      const expiry = this.#marks.get(index);
      if (expiry === undefined || expiry.leave()) return true;
      this.#bytes -= item.length + 1;
      if (!expiry.isTold) untold++;
      return false;
    });
    this.#marks.clear();
    return untold;
  }

  take(stream: string, first: number): Uint8Array {
    const batch = `[1,${JSON.stringify(stream)},${first},[${this.#items.join(",")}]]`;
    this.#items = [];
    this.#bytes = 0;
    return new TextEncoder().encode(batch);
  }

  #add(item: readonly unknown[]): void {
    const text = JSON.stringify(item);
    this.#items.push(text);
    this.#bytes += text.length + 1;
  }
}

function idOf(packed: Uint8Array): string {
  return new TextDecoder().decode(packed.subarray(2));
}

function idsOf(packed: readonly Uint8Array[]): string | string[] {
  const ids = packed.map(idOf);
  return ids.length === 1 ? ids[0]! : ids;
}
