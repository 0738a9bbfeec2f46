import { malformed } from "./answer-head.ts";
import type { Body } from "./body-buffer.ts";

const cr = 0x0d;
const lf = 0x0a;
const tab = 0x09;
/** Digits of a chunk's size: more would exceed every limit of a body. */
const sizeDigitsMax = 8;

const State = {
  size: 0,
  extension: 1,
  sizeEnd: 2,
  data: 3,
  dataReturn: 4,
  dataEnd: 5,
  trailerStart: 6,
  trailer: 7,
  trailerEnd: 8,
  lastEnd: 9,
  done: 10,
} as const;

/** Reads a body in chunks (RFC 9112, 7.1). Extensions and trailers are skipped. */
export class ChunkedBody {
  readonly #body: Body;
  #state: number = State.size;
  /** Of this chunk: its size, or what is still to come of it. */
  #size = 0;
  #digits = 0;
  /** Bytes of extensions and trailers that may still come. */
  #extrasLeft: number;

  constructor(body: Body, extraBytesMax: number) {
    this.#body = body;
    this.#extrasLeft = extraBytesMax;
  }

  get done(): boolean {
    return this.#state === State.done;
  }

  /** Takes bytes from `at` on; returns where it stopped: at the end of the body, or of `bytes`. */
  push(bytes: Uint8Array, at: number): number {
    let index = at;
    while (index < bytes.length && this.#state !== State.done) {
      if (this.#state === State.data) index = this.#takeData(bytes, index);
      else this.#take(bytes[index++] as number);
    }
    return index;
  }

  #takeData(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#size);
    this.#body.push(bytes.subarray(at, end));
    this.#size -= end - at;
    if (this.#size === 0) this.#state = State.dataReturn;
    return end;
  }

  #take(byte: number): void {
    switch (this.#state) {
      case State.size:
        this.#takeSize(byte);
        return;
      case State.extension:
        if (byte === cr) this.#state = State.sizeEnd;
        else this.#takeExtra(byte);
        return;
      case State.sizeEnd:
        this.#expect(byte, lf, this.#size === 0 ? State.trailerStart : State.data);
        return;
      case State.dataReturn:
        this.#expect(byte, cr, State.dataEnd);
        return;
      case State.dataEnd:
        this.#digits = 0;
        this.#expect(byte, lf, State.size);
        return;
      case State.trailerStart:
        this.#state = byte === cr ? State.lastEnd : State.trailer;
        if (byte !== cr) this.#takeExtra(byte);
        return;
      case State.trailer:
        if (byte === cr) this.#state = State.trailerEnd;
        else this.#takeExtra(byte);
        return;
      case State.trailerEnd:
        this.#expect(byte, lf, State.trailerStart);
        return;
      default:
        this.#expect(byte, lf, State.done);
    }
  }

  #takeSize(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0 && this.#digits < sizeDigitsMax) {
      this.#size = (this.#digits === 0 ? 0 : this.#size * 16) + digit;
      this.#digits++;
      // A chunk that is too large is not waited for.
      this.#body.check(this.#size);
      return;
    }
    if (this.#digits === 0 || digit >= 0) throw malformed("a chunk has no size");
    if (byte === cr) {
      this.#state = State.sizeEnd;
      return;
    }
    // RFC 9112, 7.1.1: an extension begins with `;`, with blanks before it from bad senders.
    if (byte !== 0x3b && byte !== 0x20 && byte !== tab) throw malformed("a chunk has no size");
    this.#takeExtra(byte);
    this.#state = State.extension;
  }

  #takeExtra(byte: number): void {
    if ((byte < 0x20 && byte !== tab) || byte === 0x7f) {
      throw malformed("a control character stands between chunks");
    }
    if (--this.#extrasLeft < 0) throw malformed("too much stands between chunks");
  }

  #expect(byte: number, expected: number, next: number): void {
    if (byte !== expected) throw malformed("a chunk does not end where its size says");
    this.#state = next;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
