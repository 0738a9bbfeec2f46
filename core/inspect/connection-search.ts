import { everyone, ServiceError } from "../base/mod.ts";
import type { Connection, ConnectionGuard, Registry } from "../connection/mod.ts";
import type { Clock } from "../ports/mod.ts";
import { describeConnection, findConnection } from "./describe-connection.ts";
import { inspectLimits } from "./inspect-limits.ts";
import type { ConnectionFilter, ConnectionsAnswer, ConnectionView } from "./questions.ts";

export interface SearchDependencies {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly guard: Pick<ConnectionGuard, "lastMessageAt">;
}

/** Searches a node's connections in slices, so that a million of them do not stop it. */
export class ConnectionSearch {
  readonly #dependencies: SearchDependencies;
  #underWay = 0;

  constructor(dependencies: SearchDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * At most `limit` connections that fit, from slot `after` on. What the time does not suffice for
   * is left to a further search from `next`. Rejects with `requests-full`.
   */
  async find(filter: ConnectionFilter, limit: number, after: number): Promise<ConnectionsAnswer> {
    const { clock, guard, registry } = this.#dependencies;
    const whole = filter.id === undefined ? undefined : findConnection(registry, filter.id);
    if (whole !== undefined) {
      const isFound = after === 0 && fits(whole, filter);
      const connections = isFound ? [describeConnection(whole, guard)] : [];
      return { connections, next: undefined };
    }
    if (this.#underWay >= inspectLimits.searchesMax) {
      throw new ServiceError("requests-full", "too many searches are under way");
    }
    this.#underWay++;
    try {
      const connections: ConnectionView[] = [];
      const endsAt = clock.ticks() + inspectLimits.searchMs;
      let slot = after;
      while (slot < registry.slots && connections.length < limit) {
        if (slot > after) await turn(clock);
        if (clock.ticks() >= endsAt) break;
        const end = Math.min(slot + inspectLimits.sliceSlots, registry.slots);
        for (; slot < end && connections.length < limit; slot++) {
          const connection = registry.get(slot);
          if (connection === undefined || !fits(connection, filter)) continue;
          connections.push(describeConnection(connection, guard));
        }
      }
      return { connections, next: slot < registry.slots ? slot : undefined };
    } finally {
      this.#underWay--;
    }
  }
}

/** Other work has its turn. */
export function turn(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.after(0, resolve));
}

function fits(connection: Connection, filter: ConnectionFilter): boolean {
  const { id, user, address, group, app } = filter;
  if (app !== undefined && connection.app.name !== app) return false;
  if (id !== undefined && !connection.id.includes(id)) return false;
  if (user !== undefined && connection.user?.includes(user) !== true) return false;
  if (address !== undefined && !connection.address.startsWith(address)) return false;
  if (group === undefined || group === everyone) return true;
  return connection.groups?.has(group) === true;
}
