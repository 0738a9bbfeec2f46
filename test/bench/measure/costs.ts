import { median } from "./processes.ts";
import type { Role, Stage } from "./stage.ts";

/** Microseconds of CPU for each message, of each part; what is not there is missing. */
export type Cost = Partial<Record<Role | "load", number>>;

export const roles = ["server", "broker", "origin", "load"] as const;

/** Reads the CPU of a stage now; the function returned gives what was used since, a message. */
export function spend(stage: Stage): (messages: number, loadCpuSeconds?: number) => Cost {
  const before = stage.cpuSeconds();
  return (messages, loadCpuSeconds) => {
    const now = stage.cpuSeconds();
    const cost: Cost = {};
    for (const role of ["server", "broker", "origin"] as const) {
      const used = now[role];
      if (used !== undefined) cost[role] = ((used - (before[role] ?? 0)) * 1e6) / messages;
    }
    if (loadCpuSeconds !== undefined) cost.load = (loadCpuSeconds * 1e6) / messages;
    return cost;
  };
}

/** CPU of all processes for a message, the load with them: the sum of the medians of each. */
export function allOfMedians(costs: readonly Cost[]): number {
  return roles
    .map((role) => median(costs.map((cost) => cost[role] ?? 0)))
    .reduce((sum, cost) => sum + cost, 0);
}

/** CPU of all parts but the load. */
export function allOf(cost: Cost): number {
  return (cost.server ?? 0) + (cost.broker ?? 0) + (cost.origin ?? 0);
}
