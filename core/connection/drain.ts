import { closeReasons, limits } from "../base/mod.ts";
import type { Clock } from "../ports/mod.ts";
import type { Registry } from "./registry.ts";

/** Time between two steps, each of which closes the connections that are due. */
const stepMs = 50;

/**
 * Closes all connections evenly over the period, so that clients do not all reconnect at once.
 * Resolves when none is left, or after the period and the time of one closing handshake.
 */
export function drainConnections(
  registry: Registry,
  clock: Clock,
  periodMs: number,
): Promise<void> {
  const began = clock.ticks();
  const total = registry.size;
  let closed = 0;
  return new Promise((resolve) => {
    const step = (): void => {
      const elapsed = clock.ticks() - began;
      const part = periodMs === 0 ? 1 : Math.min(1, (elapsed + stepMs) / periodMs);
      const due = Math.ceil(total * part);
      for (const connection of registry.all()) {
        if (closed >= due && part < 1) break;
        if (connection.closing !== undefined) continue;
        connection.close(closeReasons.drain);
        closed++;
      }
      const late = elapsed >= periodMs + limits.closeHandshakeMs + stepMs;
      if (registry.size === 0 || late) resolve();
      else clock.after(stepMs, step);
    };
    step();
  });
}
