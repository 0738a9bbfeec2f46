import { assert } from "../base/mod.ts";
import type { Connection } from "./connection.ts";

/** Connections by slot: those of a node, or of one app. */
export interface Connections {
  /** Slots that were ever taken. */
  readonly slots: number;
  /** Open connections. */
  readonly size: number;
  get(slot: number): Connection | undefined;
  /** Connections that open during the iteration may or may not be among them. */
  all(): Iterable<Connection>;
}

/**
 * The connections of this node by slot. Freed slots are used again first, so that tables by slot
 * stay as short as the largest number of connections at one time.
 */
export class Registry implements Connections {
  readonly #connections: (Connection | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #slotsMax: number;
  readonly #sizes: Map<string, number> = new Map();
  #size = 0;
  #closing = 0;
  #infoBytes = 0;

  constructor(slotsMax: number) {
    this.#slotsMax = slotsMax;
  }

  /** Slots that are taken. */
  get size(): number {
    return this.#size;
  }

  /** Closed connections whose streams are not gone yet. */
  get closing(): number {
    return this.#closing;
  }

  /** What counts against `--max-connections`: each has a file descriptor. */
  get occupied(): number {
    return this.#size + this.#closing;
  }

  /** Characters kept of all connections' requests: about a byte each. */
  get infoBytes(): number {
    return this.#infoBytes;
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
    this.#infoBytes += connection.info.length;
    this.#count(connection, 1);
  }

  get(slot: number): Connection | undefined {
    return this.#connections[slot];
  }

  /** Frees a reserved slot, with or without a connection. */
  release(slot: number): void {
    assert(slot >= 0 && slot < this.#connections.length, "the slot was reserved");
    const connection = this.#connections[slot];
    if (connection !== undefined) {
      this.#infoBytes -= connection.info.length;
      this.#count(connection, -1);
      this.#connections[slot] = undefined;
    }
    this.#free.push(slot);
    this.#size--;
  }

  /** A connection is closed. Its slot is free; its TCP stream counts until `gone`. */
  closed(connection: Connection): void {
    this.release(connection.slot);
    this.#closing++;
  }

  gone(): void {
    this.#closing--;
  }

  /** The connections of one app. */
  of(app: string): Connections {
    const registry = this;
    return {
      get slots(): number {
        return registry.slots;
      },
      get size(): number {
        return registry.#sizes.get(app) ?? 0;
      },
      get(slot: number): Connection | undefined {
        const connection = registry.get(slot);
        return connection?.app.name === app ? connection : undefined;
      },
      *all(): IterableIterator<Connection> {
        for (const connection of registry.all()) if (connection.app.name === app) yield connection;
      },
    };
  }

  *all(): IterableIterator<Connection> {
    for (const connection of this.#connections) if (connection !== undefined) yield connection;
  }

  #count({ app }: Connection, change: number): void {
    this.#sizes.set(app.name, (this.#sizes.get(app.name) ?? 0) + change);
  }
}
