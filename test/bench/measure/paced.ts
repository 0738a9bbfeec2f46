import type { PacedLoad } from "../programs/load/paced-load.ts";
import { type Cost, spend } from "./costs.ts";
import { onNode } from "./processes.ts";
import type { Stage } from "./stage.ts";

export interface PacedFigure {
  /** Latency in µs by percentile. */
  readonly curve: readonly (readonly [percentile: number, microseconds: number])[];
  readonly max: number;
  /** What 99 % of the messages were sent later than they were due, in µs: a part of the above. */
  readonly late99: number;
  /** Messages without an answer 5 s after the last one. */
  readonly unanswered: number;
  readonly cost: Cost;
}

export type Pace = Pick<PacedLoad, "connections" | "rate" | "seconds" | "warmUpMs">;

/** Loads a stage with echo traffic at a fixed rate. */
export async function paced(stage: Stage, pace: Pace): Promise<PacedFigure> {
  const load: PacedLoad = { ...pace, ports: stage.ports, protocol: stage.protocol };
  await using driver = onNode("load/paced-load", JSON.stringify(load));
  await driver.event("counting");
  const spent = spend(stage);
  await driver.event("sent");
  const cost = spent(pace.rate * pace.seconds);
  return { ...((await driver.event("counted")) as unknown as PacedFigure), cost };
}

/** Latency in µs at a percentile that was asked for. */
export function latencyAt({ curve }: PacedFigure, percentile: number): number {
  return curve.find(([at]) => at === percentile)?.[1] ?? Number.NaN;
}
