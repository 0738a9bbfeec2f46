import type { Connection } from "./connection.ts";
import type { Connections } from "./registry.ts";

/** Walks round all connections, a few at a time, and finds those without an event under way. */
export class IdleConnections {
  readonly #registry: Connections;
  #slot = 0;

  constructor(registry: Connections) {
    this.#registry = registry;
  }

  /** The idle ones among the next `max` slots. */
  *next(max: number): IterableIterator<Connection> {
    for (let left = Math.min(max, this.#registry.slots); left > 0; left--) {
      const connection = this.#registry.get(this.#slot);
      this.#slot = (this.#slot + 1) % this.#registry.slots;
      if (connection === undefined || connection.paused) continue;
      if (connection.closing !== undefined) continue;
      if (connection.lastItem <= connection.stream.acknowledged) yield connection;
    }
  }
}
