import { originLimits } from "../base/mod.ts";
import type { OriginConnection } from "./connection.ts";

/** A connection that this origin has not any more, and may be given again. */
export interface Former {
  readonly connection: OriginConnection;
  /** Its handlers were told of its close, because its node seemed to be dead. */
  readonly told: boolean;
}

/**
 * Connections that went away without a `close` of their node's: those of a node that seemed to be
 * dead, and those that a node has given to others because this origin did. What was handled of
 * them is remembered, so that nothing is handled twice when they come back.
 */
export class DetachedConnections {
  /** By id, the latest last. */
  readonly #byId: Map<string, Former> = new Map();

  keep(connection: OriginConnection, told: boolean): void {
    this.#byId.set(connection.id, { connection, told });
    if (this.#byId.size <= originLimits.formerConnectionsMax) return;
    for (const oldest of this.#byId.keys()) {
      this.#byId.delete(oldest);
      break;
    }
  }

  /** The connection of that id, which is no former one from now on. */
  take(id: string): Former | undefined {
    if (this.#byId.size === 0) return undefined;
    const former = this.#byId.get(id);
    if (former !== undefined) this.#byId.delete(id);
    return former;
  }

  /** A node has begun a new life: connections of earlier ones never come back. */
  forget(node: string, alive: string): void {
    for (const [id, { connection }] of this.#byId) {
      if (connection.node === node && connection.incarnation !== alive) this.#byId.delete(id);
    }
  }
}
