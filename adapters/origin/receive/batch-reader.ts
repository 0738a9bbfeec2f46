import { Decoder } from "@msgpack/msgpack";
import { ServiceError } from "../../../core/base/mod.ts";
import { fromJsonData, fromJsonValue, type MessageData } from "../base/mod.ts";
import { Malformed, MessagePackCursor } from "./messagepack-cursor.ts";

/** Takes what a batch holds, item by item. */
export interface BatchListener {
  /** A batch begins. Returns how many items at its start to leave out. */
  began(stream: string | undefined, first: number, items: number): number;
  /** `["message", id, seq, data, state?, trace?]`; the id is `bytes` from `start` to `end`. */
  message(
    bytes: Uint8Array,
    start: number,
    end: number,
    seq: number,
    data: MessageData,
    state: unknown,
    trace: unknown,
  ): void;
  item(item: readonly unknown[]): void;
  /** A malformed item, or batch. The rest of the batch is still read if that is possible. */
  refused(error: ServiceError): void;
}

const version = 1;

/** `message` as MessagePack, big-endian: the fixstr header and three letters, then four. */
const messageHead = 0xa76d6573;
const messageTail = 0x73616765;

/** Reads batches, MessagePack or JSON, numbered or bare. One at a time. */
export class BatchReader {
  readonly #cursor: MessagePackCursor = new MessagePackCursor();
  readonly #decoder: Decoder = new Decoder();
  readonly #listener: BatchListener;

  constructor(listener: BatchListener) {
    this.#listener = listener;
  }

  /** Reads one batch. Never throws: what is wrong is reported as one error. */
  read(payload: Uint8Array): void {
    try {
      // `[`; a MessagePack batch is an array and never begins with this byte.
      if (payload[0] === 0x5b) readJson(payload, this.#listener);
      else this.#readBatch(payload);
    } catch (error) {
      if (error instanceof ServiceError) this.#listener.refused(error);
      else this.#listener.refused(malformed(error));
    }
  }

  #readBatch(payload: Uint8Array): void {
    const cursor = this.#cursor;
    cursor.reset(payload);
    let items = cursor.array();
    let stream: string | undefined;
    let first = 0;
    if (items > 0 && !cursor.isArray()) {
      if (cursor.natural() !== version) throw unknownVersion();
      if (items < 4) throw new Malformed("a numbered batch has four elements");
      stream = cursor.string();
      first = cursor.natural();
      items = cursor.array();
    }
    // An item has a byte at least: a header that promises more must not move the stream's count.
    if (items > cursor.bytes.length - cursor.at) throw new Malformed("more items than bytes");
    const skip = this.#listener.began(stream, first, items);
    for (let index = 0; index < items; index++) {
      if (index < skip) cursor.skip();
      else if (!this.#message()) this.#item();
    }
  }

  /** Reads the item here if it is a message; else leaves the cursor at its start. */
  #message(): boolean {
    const cursor = this.#cursor;
    const { bytes } = cursor;
    const start = cursor.at;
    const head = bytes[start]!;
    // An array of 4 to 15 elements whose first is "message".
    if (head < 0x94 || head > 0x9f || start + 9 > bytes.length) return false;
    if (bytes.readUInt32BE(start + 1) !== messageHead) return false;
    if (bytes.readUInt32BE(start + 5) !== messageTail) return false;
    cursor.at = start + 9;
    const idLength = cursor.strLength();
    if (idLength < 0) return this.#back(start);
    const idStart = cursor.at;
    const idEnd = idStart + idLength;
    cursor.at = idEnd;
    if (cursor.peek() >= 0x80 && (cursor.peek() < 0xcc || cursor.peek() > 0xcf)) {
      return this.#back(start);
    }
    const seq = cursor.natural();
    const data = this.#data();
    if (data === undefined) return this.#back(start);
    let extra = (head & 0x0f) - 4;
    const state = extra === 0 ? undefined : this.#value();
    const trace = extra > 1 ? this.#value() : undefined;
    for (; extra > 2; extra--) cursor.skip();
    this.#listener.message(bytes, idStart, idEnd, seq, data, state, trace);
    return true;
  }

  /** Any value; undefined for nil. */
  #value(): unknown {
    const cursor = this.#cursor;
    const start = cursor.at;
    cursor.skip();
    return (
      this.#decoder.decode(new Uint8Array(cursor.bytes.subarray(start, cursor.at))) ?? undefined
    );
  }

  #data(): MessageData | undefined {
    const cursor = this.#cursor;
    let length = cursor.strLength();
    const start = cursor.at;
    if (length >= 0) {
      cursor.at = start + length;
      return cursor.bytes.toString("utf8", start, cursor.at);
    }
    length = cursor.binLength();
    if (length < 0) return undefined;
    const from = cursor.at;
    cursor.at = from + length;
    // A copy: the payload is only valid during the call.
    return new Uint8Array(cursor.bytes.subarray(from, cursor.at));
  }

  #back(start: number): false {
    this.#cursor.at = start;
    return false;
  }

  #item(): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    cursor.skip();
    try {
      const item = this.#decoder.decode(new Uint8Array(cursor.bytes.subarray(start, cursor.at)));
      if (Array.isArray(item)) this.#listener.item(item);
      else this.#listener.refused(new ServiceError("batch-malformed", "an item must be an array"));
    } catch (error) {
      // Its end is known, so the rest of the batch can be read.
      this.#listener.refused(error instanceof ServiceError ? error : malformed(error));
    }
  }
}

function malformed(cause: unknown): ServiceError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ServiceError("batch-malformed", `a batch cannot be read: ${message}`, { cause });
}

function readJson(payload: Uint8Array, listener: BatchListener): void {
  const batch: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  if (!Array.isArray(batch)) throw new ServiceError("batch-malformed", "a batch must be an array");
  const numbered = batch.length > 0 && !Array.isArray(batch[0]);
  const [batchVersion, stream, first, items] = numbered ? batch : [version, undefined, 0, batch];
  if (batchVersion !== version) throw unknownVersion();
  const named = !numbered || typeof stream === "string";
  if (!named || !Number.isSafeInteger(first) || !Array.isArray(items)) {
    throw new ServiceError("batch-malformed", "a numbered batch is [1, stream, first, items]");
  }
  const skip = listener.began(stream, first, items.length);
  for (const item of items.slice(skip)) readJsonItem(item, listener);
}

function readJsonItem(item: unknown, listener: BatchListener): void {
  if (!Array.isArray(item)) {
    listener.refused(new ServiceError("batch-malformed", "an item must be an array"));
    return;
  }
  const [verb, id, seq, raw, state, trace] = item;
  const data = verb === "message" ? fromJsonData(raw) : undefined;
  const isData = typeof data === "string" || data instanceof Uint8Array;
  if (typeof id === "string" && typeof seq === "number" && isData) {
    const bytes = new TextEncoder().encode(id);
    const value = fromJsonValue(state) ?? undefined;
    listener.message(bytes, 0, bytes.length, seq, data, value, trace);
  } else {
    listener.item(verb === "message" ? item : (fromJsonValue(item) as unknown[]));
  }
}

function unknownVersion(): ServiceError {
  return new ServiceError("batch-version", "the batch has an unknown version");
}
