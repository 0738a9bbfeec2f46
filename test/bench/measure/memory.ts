import { setTimeout as wait } from "node:timers/promises";
import type { BenchProcess } from "./processes.ts";

const looksMax = 30;

/** What is resident after garbage collection, when it no longer shrinks. */
export async function collectedBytes(server: BenchProcess, isQuick: boolean): Promise<number> {
  // Looks without a smaller one, until it counts as settled.
  const [settleMs, equalLooks] = isQuick ? [200, 1] : [500, 3];
  let least = Number.POSITIVE_INFINITY;
  for (let equal = 0, looks = 0; equal < equalLooks && looks < looksMax; looks++) {
    server.signal("SIGUSR2");
    await server.event("collected");
    await wait(settleMs);
    const bytes = server.residentBytes();
    equal = bytes < least * 0.998 ? 0 : equal + 1;
    least = Math.min(least, bytes);
  }
  return least;
}
