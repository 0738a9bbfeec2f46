import type { KnownConnection } from "./introduction.ts";

interface Departed {
  readonly known: KnownConnection;
  /** Number in the stream after its last event. */
  readonly lastItem: number;
}

/**
 * Connections that are closed while events of theirs are not confirmed: where those move to
 * another origin, it is to hear first whose they are.
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

  /** Gives all of them up. */
  take(): KnownConnection[] {
    const departed = this.#departed;
    this.#departed = [];
    return departed.map(({ known }) => known);
  }
}
