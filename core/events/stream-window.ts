import { limits } from "../base/mod.ts";
import type { Codec } from "../ports/mod.ts";
import { BatchWindow, type NumberedBatch } from "./batch-window.ts";

/** What a stream may hold unconfirmed. */
export interface StreamWindowOptions {
  readonly windowBytesMax: number;
  readonly windowItemsMax: number;
}

/**
 * The window of one stream in two budgets: live traffic, and the `connect` items of handshakes.
 * Whoever only knocks must not stop those who are in: no socket is paused or refused because of
 * handshakes, and past their own budget only handshakes are refused.
 */
export class StreamWindow extends BatchWindow {
  readonly #options: StreamWindowOptions;
  /** Number after each `connect` that is not confirmed, and its bytes, from `#first` on. */
  #connects: { readonly end: number; readonly bytes: number }[] = [];
  #first = 0;
  #connectBytes = 0;
  /** Of these, those in batches: the others are in the batch buffer. */
  #takenItems = 0;
  #takenBytes = 0;

  constructor(options: StreamWindowOptions) {
    super();
    this.#options = options;
  }

  get connectItems(): number {
    return this.#connects.length - this.#first;
  }

  get connectBytes(): number {
    return this.#connectBytes;
  }

  /** Live traffic fills its budget: sockets are not read. */
  get full(): boolean {
    const { windowBytesMax, windowItemsMax } = this.#options;
    const [bytes, items] = [this.bytes - this.#takenBytes, this.items - this.#takenItems];
    return bytes >= windowBytesMax || items >= windowItemsMax;
  }

  /** Nothing more is to be published now: an origin's `window` holds for handshakes too. */
  get closed(): boolean {
    return this.full || this.#takenItems >= this.#options.windowItemsMax;
  }

  /** No further handshake. One that would close the window to live traffic is one too many. */
  get connectsFull(): boolean {
    const itemsMax = Math.max(limits.handshakeItemsMin, this.#options.windowItemsMax) - 1;
    return this.#connectBytes >= limits.handshakeBytesMax || this.connectItems >= itemsMax;
  }

  /** A `connect` was written to the batch buffer; `end` is the number after it. */
  wroteConnect(end: number, bytes: number): void {
    this.#connects.push({ end, bytes });
    this.#connectBytes += bytes;
  }

  override push(batch: NumberedBatch): void {
    super.push(batch);
    this.#takenItems = this.connectItems;
    this.#takenBytes = this.#connectBytes;
  }

  override confirm(count: number): boolean {
    const news = super.confirm(count);
    for (
      let next = this.#connects[this.#first];
      next !== undefined && next.end <= this.confirmed;
    ) {
      this.#connectBytes -= next.bytes;
      this.#takenBytes -= next.bytes;
      this.#takenItems -= 1;
      this.#first += 1;
      next = this.#connects[this.#first];
    }
    if (this.#first === this.#connects.length) {
      this.#connects = [];
      this.#first = 0;
    }
    return news;
  }

  /** Gives up every item that is not confirmed, in order. */
  takeUnacknowledged(codec: Codec): unknown[][] {
    const { confirmed } = this;
    const items: unknown[][] = [];
    for (const { first, payload } of this.clear()) {
      const [, , , batch] = codec.values.decodeValue(payload) as [0, 0, 0, unknown[][]];
      items.push(...batch.slice(Math.max(0, confirmed - first)));
    }
    return items;
  }
}
