import type { OriginConnection } from "./connection.ts";
import { originLimits } from "./origin-limits.ts";

/** The latest connections that were told as closed: another stream may tell of them again. */
export class ClosedConnections {
  readonly #byId: Map<string, OriginConnection> = new Map();

  get(id: string): OriginConnection | undefined {
    return this.#byId.get(id);
  }

  /** Past the maximum the oldest one is forgotten. */
  add(connection: OriginConnection): void {
    this.#byId.set(connection.id, connection);
    if (this.#byId.size <= originLimits.closedIdsMax) return;
    for (const oldest of this.#byId.keys()) {
      this.#byId.delete(oldest);
      break;
    }
  }
}
