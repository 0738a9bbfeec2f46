import type { Cluster } from "./cluster.ts";
import { memoryBounds } from "./memory-sampler.ts";
import type { Outcome } from "./run-fault.ts";

/** What of an outcome is not as promised, in words. */
export function failuresOf(
  outcome: Omit<Outcome, "combination" | "failures">,
  cluster: Cluster,
): string[] {
  const failures = [...miscounts(outcome), ...excesses(outcome, cluster)];
  for (const { name, errors } of cluster.lives) {
    if (errors.length > 0) failures.push(`${name} failed: ${errors.slice(0, 3).join(" ")}`);
  }
  if (failures.length > 0)
    failures.push(...outcome.verdict.complaints, ...outcome.wire.complaints);
  return failures;
}

/** What should not be there at all, or should. */
function miscounts({
  fault,
  verdict,
  wire,
}: Pick<Outcome, "fault" | "verdict" | "wire">): string[] {
  const cut = Array.from(verdict.cut.values()).reduce((sum, count) => sum + count, 0);
  const none: readonly (readonly [count: number, what: string, allowed?: boolean | undefined])[] =
    [
      [verdict.lost, "lost"],
      [verdict.reordered, "reordered"],
      [verdict.twice, "handled twice"],
      [verdict.unclosed, "without a close"],
      [verdict.closedTwice, "closed twice", fault.closesTwice],
      [verdict.reopened, "opened anew", fault.reopens],
      [cut, "cut", fault.cuts],
      [verdict.echoesLost, "echoes lost"],
      [verdict.echoesGivenUp, "echoes given up", fault.reopens],
      [verdict.echoesReordered, "echoes reordered"],
      [verdict.echoesTwice, "echoes twice"],
      [verdict.echoesStrange, "echoes of nothing"],
      [wire.unheard, "published and never handled"],
      [wire.confirmedEarly, "confirmed before they were handled"],
      [wire.resent, "published in two streams", fault.resendsNothing !== true],
      [verdict.redelivered, "redelivered", fault.resendsNothing !== true],
    ];
  const failures = none
    .filter(([count, , allowed]) => count > 0 && allowed !== true)
    .map(([count, what]) => `${count} ${what}`);
  if (fault.offersAgain === true && wire.offeredAgain === 0) {
    failures.push("nothing was offered again, so nothing is shown");
  }
  return failures;
}

/** What is more, or takes longer, than it may. */
function excesses(
  { fault, memory, recoveryMs }: Pick<Outcome, "fault" | "memory" | "recoveryMs">,
  cluster: Cluster,
): string[] {
  const failures: string[] = [];
  const bounds = memoryBounds(cluster);
  for (const [name, bound] of Object.entries(bounds)) {
    const bytes = memory[name as keyof typeof memory];
    if (bytes > bound) failures.push(`${name} were ${bytes} of ${bound}`);
  }
  const { recoveryMsMax = Number.POSITIVE_INFINITY } = fault;
  const { slack = 1 } = cluster.combination;
  if (recoveryMs !== undefined && recoveryMs > slack * recoveryMsMax) {
    failures.push(`recovery took ${Math.round(recoveryMs)} ms, and may take ${recoveryMsMax}`);
  }
  return failures;
}
