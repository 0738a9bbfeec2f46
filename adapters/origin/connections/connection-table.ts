import type { OriginConnection } from "./origin-connection.ts";

/** Bytes at an id's end that its hash is made of: the id's random part. */
const hashedBytes = 8;

function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = Math.max(start, end - hashedBytes); at < end; at++) {
    value = (Math.imul(value, 31) + bytes[at]!) | 0;
  }
  // 30 bits: a small integer on every engine.
  return value & 0x3fffffff;
}

/** Bytes of MessagePack's header before an id in `OriginConnection.packed`. */
const header = 2;

function isAt(packed: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (packed.length - header !== end - start) return false;
  for (let at = end - 1, own = packed.length - 1; at >= start; at--, own--) {
    if (packed[own] !== bytes[at]) return false;
  }
  return true;
}

/** Connections by the bytes of their ids, so that an event makes no string of its id. */
export class ConnectionTable {
  readonly #buckets: Map<number, OriginConnection> = new Map();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The connection whose id stands in `bytes`, or undefined. */
  find(bytes: Uint8Array, start: number, end: number): OriginConnection | undefined {
    let connection = this.#buckets.get(hash(bytes, start, end));
    while (connection !== undefined && !isAt(connection.packed, bytes, start, end)) {
      connection = connection.chained;
    }
    return connection;
  }

  /** The connection with that id. */
  byId(id: string): OriginConnection | undefined {
    const bytes = Buffer.from(id);
    return this.find(bytes, 0, bytes.length);
  }

  /** Adds a connection that is not there yet. */
  add(connection: OriginConnection): void {
    const key = hash(connection.packed, header, connection.packed.length);
    connection.chained = this.#buckets.get(key);
    this.#buckets.set(key, connection);
    this.#size++;
  }

  /** Removes a connection; false where it was not there. */
  remove(connection: OriginConnection): boolean {
    const key = hash(connection.packed, header, connection.packed.length);
    let before: OriginConnection | undefined;
    let current = this.#buckets.get(key);
    while (current !== undefined && current !== connection) {
      before = current;
      current = current.chained;
    }
    if (current === undefined) return false;
    const after = connection.chained;
    if (before !== undefined) before.chained = after;
    else if (after !== undefined) this.#buckets.set(key, after);
    else this.#buckets.delete(key);
    connection.chained = undefined;
    this.#size--;
    return true;
  }

  /** The connections of a node, in an array of their own. */
  ofNode(node: string): OriginConnection[] {
    return [...this.values()].filter((connection) => connection.node === node);
  }

  *values(): Generator<OriginConnection> {
    for (const first of this.#buckets.values()) {
      for (let one: OriginConnection | undefined = first; one; one = one.chained) yield one;
    }
  }
}
