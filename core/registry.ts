import { assert } from "./base/mod.ts";
import type { Connection } from "./connection.ts";

/**
 * The connections of this node by slot. Freed slots are taken again first, so that the tables
 * stay as small as the most connections there ever were at once.
 */
export class Registry {
  readonly #connections: (Connection | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #slotsMax: number;
  #size = 0;

  constructor(slotsMax: number) {
    this.#slotsMax = slotsMax;
  }

  get size(): number {
    return this.#size;
  }

  /** Slots that were ever taken. */
  get slots(): number {
    return this.#connections.length;
  }

  /** A free slot, or -1 when there is none. It counts as taken until `release`. */
  reserve(): number {
    const slot = this.#free.pop() ?? this.#connections.length;
    if (slot >= this.#slotsMax) return -1;
    if (slot === this.#connections.length) this.#connections.push(undefined);
    this.#size++;
    return slot;
  }

  set(connection: Connection): void {
    this.#connections[connection.slot] = connection;
  }

  get(slot: number): Connection | undefined {
    return this.#connections[slot];
  }

  release(slot: number): void {
    assert(this.#connections[slot] !== undefined, "a slot is released once");
    this.#connections[slot] = undefined;
    this.#free.push(slot);
    this.#size--;
  }

  /** All connections. Those that come while it runs may or may not be among them. */
  *all(): IterableIterator<Connection> {
    for (const connection of this.#connections) if (connection !== undefined) yield connection;
  }
}
