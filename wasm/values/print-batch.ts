import { passValue, uint16, uint32 } from "./walk.ts";

const scratchBytes = 65_536;
/** The bytes were checked before: what is inside is nested less. */
const nestingMax = Number.POSITIVE_INFINITY;

/** Whether an ASCII character stands in a JSON string as it is. */
const plain: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) =>
  code >= 0x20 && code !== 0x22 && code !== 0x5c && code !== 0x7f ? 1 : 0,
);

/** Prints any value; called for what is rare in a batch. */
export type PrintValue = (bytes: Uint8Array) => Uint8Array;

/**
 * Writes MessagePack as JSON without values in between: arrays, texts of ASCII, whole numbers and
 * nil, which is what messages have. All other values go through `printValue`. It gives the same
 * bytes as `printValue` for every input.
 */
export class BatchPrinter {
  readonly #printValue: PrintValue;
  #scratch: Uint8Array = new Uint8Array(scratchBytes);
  #at = 0;

  constructor(printValue: PrintValue) {
    this.#printValue = printValue;
  }

  /** The bytes must be one value, nested no deeper than a decoder takes. */
  print(bytes: Uint8Array): Uint8Array {
    this.#at = 0;
    this.#value(bytes, 0);
    const json = this.#scratch.slice(0, this.#at);
    if (this.#scratch.length > scratchBytes * 16) this.#scratch = new Uint8Array(scratchBytes);
    return json;
  }

  /** Prints the value at `at`; returns where the next one begins. */
  #value(bytes: Uint8Array, at: number): number {
    const byte = bytes[at]!;
    if (byte >= 0x90 && byte < 0xa0) return this.#array(bytes, at + 1, byte & 0x0f);
    if (byte === 0xdc) return this.#array(bytes, at + 3, uint16(bytes, at + 1));
    if (byte === 0xdd) return this.#array(bytes, at + 5, uint32(bytes, at + 1));
    if (byte >= 0xa0 && byte < 0xc0) return this.#text(bytes, at, at + 1, byte & 0x1f);
    if (byte === 0xd9) return this.#text(bytes, at, at + 2, bytes[at + 1]!);
    if (byte === 0xda) return this.#text(bytes, at, at + 3, uint16(bytes, at + 1));
    if (byte === 0xdb) return this.#text(bytes, at, at + 5, uint32(bytes, at + 1));
    if (byte < 0x80) return this.#number(byte, at + 1);
    if (byte === 0xcc) return this.#number(bytes[at + 1]!, at + 2);
    if (byte === 0xcd) return this.#number(uint16(bytes, at + 1), at + 3);
    if (byte === 0xce) return this.#number(uint32(bytes, at + 1), at + 5);
    return this.#other(bytes, at);
  }

  #array(bytes: Uint8Array, start: number, length: number): number {
    this.#byte(0x5b);
    let at = start;
    for (let index = 0; index < length; index++) {
      if (index > 0) this.#byte(0x2c);
      at = this.#value(bytes, at);
    }
    this.#byte(0x5d);
    return at;
  }

  #text(bytes: Uint8Array, at: number, start: number, length: number): number {
    const end = start + length;
    this.#room(length + 2);
    const scratch = this.#scratch;
    let to = this.#at;
    scratch[to++] = 0x22;
    for (let from = start; from < end; from++) {
      const byte = bytes[from]!;
      // Escapes, and texts that may be no UTF-8.
      if (plain[byte] !== 1) return this.#other(bytes, at);
      scratch[to++] = byte;
    }
    scratch[to++] = 0x22;
    this.#at = to;
    return end;
  }

  #number(value: number, next: number): number {
    if (value < 10) {
      this.#byte(0x30 + value);
      return next;
    }
    const digits = String(value);
    this.#room(digits.length);
    for (let index = 0; index < digits.length; index++) {
      this.#scratch[this.#at++] = digits.charCodeAt(index);
    }
    return next;
  }

  #other(bytes: Uint8Array, at: number): number {
    const end = passValue(bytes, at, bytes.length, nestingMax);
    const json = this.#printValue(bytes.subarray(at, end));
    this.#room(json.length);
    this.#scratch.set(json, this.#at);
    this.#at += json.length;
    return end;
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#scratch[this.#at++] = byte;
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#scratch.length) return;
    const larger = new Uint8Array(2 * needed);
    larger.set(this.#scratch.subarray(0, this.#at));
    this.#scratch = larger;
  }
}
