import { LatestMap } from "../../../core/base/mod.ts";
import { originLimits } from "../base/mod.ts";
import { ConnectionTable } from "./connection-table.ts";
import type { OriginConnection } from "./origin-connection.ts";

/** A connection that went away without a `close` of its node's, and may come back. */
export interface DetachedConnection {
  readonly connection: OriginConnection;
  /** Handlers were told of its close, because its node was taken for dead. */
  readonly told: boolean;
}

/** As much of a connection as is kept after its end. */
export type EndedConnection = Pick<OriginConnection, "waiting">;

/** Stands for every ended connection whose events are all handled. */
const handled: EndedConnection = { waiting: undefined };

/**
 * The connections of an origin: those that it has; those of a node that was taken for dead, or
 * that gave them to other origins, which may come back; and the latest that ended, because another
 * stream may tell of them again. So nothing is handled twice.
 */
export class KnownConnections {
  readonly #table: ConnectionTable = new ConnectionTable();
  readonly #detached: LatestMap<string, DetachedConnection> = new LatestMap(
    originLimits.detachedConnectionsMax,
  );
  readonly #ended: LatestMap<string, EndedConnection> = new LatestMap(
    originLimits.endedConnectionsMax,
  );

  get size(): number {
    return this.#table.size;
  }

  /** The connection whose id stands in `bytes`. */
  find(bytes: Uint8Array, start: number, end: number): OriginConnection | undefined {
    return this.#table.find(bytes, start, end);
  }

  get(id: string): OriginConnection | undefined {
    return this.#table.byId(id);
  }

  /** The connections of a node, in an array of their own. */
  ofNode(node: string): OriginConnection[] {
    return [...this.#table.values()].filter((connection) => connection.node === node);
  }

  add(connection: OriginConnection): void {
    this.#table.add(connection);
  }

  /** It is not this origin's any more: other origins have it, or it is ending. */
  remove(connection: OriginConnection): void {
    this.#table.remove(connection);
  }

  detach(connection: OriginConnection, told: boolean): void {
    this.#table.remove(connection);
    this.#detached.set(connection.id, { connection, told });
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

  /** Its `close` was told. */
  end(connection: OriginConnection): void {
    this.#ended.set(connection.id, connection.waiting === undefined ? handled : connection);
  }

  ended(id: string): EndedConnection | undefined {
    return this.#ended.get(id);
  }
}
