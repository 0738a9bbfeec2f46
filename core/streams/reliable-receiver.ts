/** Which items of a numbered batch are new in its stream. */
export interface Acceptance {
  /** Items at its start that were received before. */
  readonly skip: number;
  /** Items before it that never came: nothing of it is to be handled. */
  readonly gap: number;
  /** Number of the next item expected. */
  readonly next: number;
}

/**
 * The receiving side of one numbered stream: drops what was received before and finds gaps. A
 * stream is taken from the number of its first batch on, because the receiver may be younger than
 * it. Where its sender could begin earlier, that first batch was lost on the way.
 */
export class ReliableReceiver {
  /** Unknown until something was accepted. */
  #next: number | undefined;

  /** Number of the next item that is expected: every item below was received. */
  get next(): number {
    return this.#next ?? 0;
  }

  /** `oldestAvailable` is the oldest item that the sender could repeat; -1 if it is silent. */
  accept(first: number, items: number, oldestAvailable: number = -1): Acceptance {
    const lostFirst = oldestAvailable >= 0 && oldestAvailable < first;
    // Not kept with a gap: the sender may have given more up before it repeats.
    const next = this.#next ?? (lostFirst ? oldestAvailable : first);
    if (first > next) return { skip: 0, gap: first - next, next };
    this.#next = Math.max(next, first + items);
    return { skip: Math.min(next - first, items), gap: 0, next: this.#next };
  }

  /** Nobody repeats what is missing before this number: the stream goes on from there. */
  skipTo(first: number): void {
    this.#next = first;
  }
}
