import { limits } from "../base/mod.ts";

/** How full a window is, in bytes and items. */
export interface WindowFill {
  readonly bytes: number;
  readonly bytesMax: number;
  readonly items: number;
  readonly itemsMax: number;
}

/** Size of the batches that are taken from the batch buffer and not acknowledged. */
export interface Unacknowledged {
  readonly bytes: number;
  readonly items: number;
}

/**
 * The window of one stream has two budgets: one for live traffic, and one for the `connect` items
 * of handshakes. Handshakes must not affect open connections: no socket is paused because of them.
 * When the budget of handshakes is used up, further handshakes are refused.
 */
export class StreamWindow {
  readonly #unacknowledged: Unacknowledged;
  readonly #bytesMax: number;
  readonly #itemsMax: number;
  /** Number after each `connect` that is not acknowledged, and its bytes, from `#first` on. */
  #connects: { readonly end: number; readonly bytes: number }[] = [];
  #first = 0;
  #connectBytes = 0;
  /** The part of these that is in batches; the others are in the batch buffer. */
  #takenItems = 0;
  #takenBytes = 0;

  constructor(unacknowledged: Unacknowledged, bytesMax: number, itemsMax: number) {
    this.#unacknowledged = unacknowledged;
    this.#bytesMax = bytesMax;
    this.#itemsMax = itemsMax;
  }

  /** Bytes of handshakes that are not acknowledged. */
  get connectBytes(): number {
    return this.#connectBytes;
  }

  /** Live traffic uses up its budget: sockets are paused. */
  get full(): boolean {
    const bytes = this.#unacknowledged.bytes - this.#takenBytes;
    const items = this.#unacknowledged.items - this.#takenItems;
    return bytes >= this.#bytesMax || items >= this.#itemsMax;
  }

  /** Nothing new may be published: an origin's `window` counts handshakes too. */
  get closed(): boolean {
    return this.full || this.#takenItems >= this.#itemsMax;
  }

  /** No further handshake fits. Handshakes alone never close the window to live traffic. */
  get connectsFull(): boolean {
    const itemsMax = Math.max(limits.handshakeItemsMin, this.#itemsMax) - 1;
    return this.#connectBytes >= limits.handshakeBytesMax || this.#connectItems >= itemsMax;
  }

  /** A `connect` was written to the batch buffer; `end` is the number after it. */
  wroteConnect(end: number, bytes: number): void {
    this.#connects.push({ end, bytes });
    this.#connectBytes += bytes;
  }

  /** The batch buffer was taken. */
  took(): void {
    this.#takenItems = this.#connectItems;
    this.#takenBytes = this.#connectBytes;
  }

  /** The items from `first` to below `end` are acknowledged, though others before them are not. */
  acknowledgedBeyond(first: number, end: number): void {
    const left = this.#connects.slice(this.#first);
    const isGone = (connect: { readonly end: number }): boolean =>
      connect.end > first && connect.end <= end;
    for (const { bytes } of left.filter(isGone)) {
      this.#connectBytes -= bytes;
      this.#takenBytes -= bytes;
      this.#takenItems -= 1;
    }
    this.#connects = left.filter((connect) => !isGone(connect));
    this.#first = 0;
  }

  /** Every item below `count` is acknowledged. */
  acknowledged(count: number): void {
    let next = this.#connects[this.#first];
    while (next !== undefined && next.end <= count) {
      this.#connectBytes -= next.bytes;
      this.#takenBytes -= next.bytes;
      this.#takenItems -= 1;
      this.#first += 1;
      next = this.#connects[this.#first];
    }
    if (this.#first < this.#connects.length) return;
    this.#connects = [];
    this.#first = 0;
  }

  get #connectItems(): number {
    return this.#connects.length - this.#first;
  }
}
