import type { KnownConnection } from "./introduction.ts";

interface Departed {
  readonly known: KnownConnection;
  /** Number in the stream after its last event. */
  readonly lastItem: number;
}

/**
 * Closed connections with events that are not confirmed. If such events move to another origin,
 * it must first know whose they are.
 */
export class DepartedConnections {
  /** In the order of their last events. */
  #departed: Departed[] = [];

  add(known: KnownConnection, lastItem: number): void {
    this.#departed.push({ known, lastItem });
  }

  /** Every item below `count` is confirmed. */
  confirm(count: number): void {
    const kept = this.#departed.findIndex(({ lastItem }) => lastItem > count);
    this.#departed.splice(0, kept < 0 ? this.#departed.length : kept);
  }

  /** The items from `first` to below `end` are confirmed, though others before them are not. */
  confirmBeyond(first: number, end: number): void {
    const from = this.#after(first);
    this.#departed.splice(from, this.#after(end) - from);
  }

  /** How many have their last event before `number`. */
  #after(number: number): number {
    let low = 0;
    let high = this.#departed.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#departed[middle]!.lastItem <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Removes all of them, and returns them. */
  take(): KnownConnection[] {
    const departed = this.#departed;
    this.#departed = [];
    return departed.map(({ known }) => known);
  }
}
