import { originLimits } from "../base/mod.ts";
import type { OriginConnection } from "./connection.ts";

/** As much of a connection as is kept after its end. */
export type ClosedConnection = Pick<OriginConnection, "waiting">;

/** Stands for all whose events are handled, the last one too. */
const handled: ClosedConnection = { waiting: undefined };

/** The latest connections that were told as closed: another stream may tell of them again. */
export class ClosedConnections {
  readonly #byId: Map<string, ClosedConnection> = new Map();

  get(id: string): ClosedConnection | undefined {
    return this.#byId.get(id);
  }

  /** Its end was told. Past the maximum the oldest one is forgotten. */
  add(connection: OriginConnection): void {
    this.#byId.set(connection.id, connection.waiting === undefined ? handled : connection);
    if (this.#byId.size <= originLimits.closedIdsMax) return;
    for (const oldest of this.#byId.keys()) {
      this.#byId.delete(oldest);
      break;
    }
  }
}
