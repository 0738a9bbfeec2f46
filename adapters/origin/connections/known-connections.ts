import { LatestMap } from "../../../core/base/mod.ts";
import { originLimits } from "../base/mod.ts";
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

/** A connection that this origin lost without a `close` from its node. It may come back. */
export interface DetachedConnection {
  readonly connection: OriginConnection;
  /** Handlers got a `close` for it nevertheless, because its node was taken for dead. */
  readonly closeReported: boolean;
}

/** What is kept of a connection after its end. */
export type EndedConnection = Pick<OriginConnection, "waiting">;

/** Stands for every ended connection whose events are all handled. */
const handled: EndedConnection = { waiting: undefined };

/**
 * The connections of an origin, in three kinds, so that no event is handled twice: those that it
 * has; those that it lost and that may come back (`detached`); and the latest that ended, because
 * another stream may bring their events again.
 */
export class KnownConnections {
  /** By the hash of the id, so that an event makes no string of its id. */
  readonly #buckets: Map<number, OriginConnection> = new Map();
  #size = 0;
  readonly #detached: LatestMap<string, DetachedConnection> = new LatestMap(
    originLimits.detachedConnectionsMax,
  );
  readonly #ended: LatestMap<string, EndedConnection> = new LatestMap(
    originLimits.endedConnectionsMax,
  );

  get size(): number {
    return this.#size;
  }

  /** The connection whose id is in `bytes`. */
  find(bytes: Uint8Array, start: number, end: number): OriginConnection | undefined {
    let connection = this.#buckets.get(hash(bytes, start, end));
    while (connection !== undefined && !isAt(connection.packed, bytes, start, end)) {
      connection = connection.chained;
    }
    return connection;
  }

  get(id: string): OriginConnection | undefined {
    const bytes = Buffer.from(id);
    return this.find(bytes, 0, bytes.length);
  }

  /** The connections of a node, in an array of their own. */
  ofNode(node: string): OriginConnection[] {
    const found: OriginConnection[] = [];
    for (const first of this.#buckets.values()) {
      for (let one: OriginConnection | undefined = first; one; one = one.chained) {
        if (one.node === node) found.push(one);
      }
    }
    return found;
  }

  add(connection: OriginConnection): void {
    const key = hash(connection.packed, header, connection.packed.length);
    connection.chained = this.#buckets.get(key);
    this.#buckets.set(key, connection);
    this.#size++;
  }

  /** The connection is not this origin's any more: another origin has it, or it is ending. */
  remove(connection: OriginConnection): void {
    const key = hash(connection.packed, header, connection.packed.length);
    let before: OriginConnection | undefined;
    let current = this.#buckets.get(key);
    while (current !== undefined && current !== connection) {
      before = current;
      current = current.chained;
    }
    if (current === undefined) return;
    const after = connection.chained;
    if (before !== undefined) before.chained = after;
    else if (after !== undefined) this.#buckets.set(key, after);
    else this.#buckets.delete(key);
    connection.chained = undefined;
    this.#size--;
  }

  detach(connection: OriginConnection, closeReported: boolean): void {
    this.remove(connection);
    this.#detached.set(connection.id, { connection, closeReported });
  }

  /** The detached connection of that id, which is not detached any more. */
  takeDetached(id: string): DetachedConnection | undefined {
    return this.#detached.size === 0 ? undefined : this.#detached.take(id);
  }

  /** A node has restarted: detached connections of its earlier incarnations never come back. */
  forgetDetached(node: string, incarnation: string): void {
    for (const [id, { connection }] of this.#detached) {
      if (connection.node !== node || connection.incarnation === incarnation) continue;
      this.#detached.delete(id);
    }
  }

  /** Handlers got its `close`. */
  end(connection: OriginConnection): void {
    this.#ended.set(connection.id, connection.waiting === undefined ? handled : connection);
  }

  ended(id: string): EndedConnection | undefined {
    return this.#ended.get(id);
  }
}
