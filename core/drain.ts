import { limits } from "./base/mod.ts";
import type { Connection } from "./connection.ts";
import type { Clock } from "./ports/mod.ts";
import type { Registry } from "./registry.ts";

const stepMs = 100;
/** Few connections need no pacing: closing these in one step stampedes nobody. */
const perStepMin = 10;

/**
 * Closes every connection, evenly over the period, so that clients do not all come back at once.
 * Resolves when none is left, or when the period and one closing handshake have passed.
 */
export function drainConnections(
  registry: Registry,
  clock: Clock,
  periodMs: number,
  close: (connection: Connection) => void,
): Promise<void> {
  const perStep = Math.max(
    perStepMin,
    Math.ceil((registry.size * stepMs) / Math.max(periodMs, 1)),
  );
  const deadline = clock.now() + periodMs + limits.closeHandshakeMs + stepMs;
  return new Promise((resolve) => {
    const step = (): void => {
      let left = perStep;
      for (const connection of registry.all()) {
        if (left === 0) break;
        if (connection.closing !== undefined) continue;
        close(connection);
        left--;
      }
      if (registry.size === 0 || clock.now() >= deadline) resolve();
      else clock.after(stepMs, step);
    };
    step();
  });
}
