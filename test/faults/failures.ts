import type { OriginLife } from "./cluster/origin-log.ts";
import type { Memory } from "./evidence/memory-sampler.ts";
import { judgeErrors } from "./judge/judge-errors.ts";
import { type Fault, losesNews } from "./kinds/fault.ts";
import type { Outcome } from "./outcome.ts";

/** An outcome before anybody said whether it is as promised. */
export type JudgedOutcome = Omit<Outcome, "combination" | "failures">;

/** What an outcome is judged by. */
export interface Measure {
  readonly lives: readonly Pick<OriginLife, "name" | "errors">[];
  readonly bounds: Memory;
  /** How much longer recovery may take than promised. */
  readonly slack: number;
}

/** What of an outcome is not as promised, in words. */
export function failuresOf(outcome: JudgedOutcome, measure: Measure): string[] {
  const failures = [...miscounts(outcome), ...excesses(outcome, measure)];
  for (const { name, errors } of measure.lives) {
    if (errors.length > 0) failures.push(`${name} failed: ${errors.slice(0, 3).join(" ")}`);
  }
  failures.push(...judgeErrors(outcome.errors, outcome.fault.errors));
  if (failures.length > 0) {
    const { verdict, wire, endings } = outcome;
    failures.push(...verdict.complaints, ...wire.complaints, ...endings.slice(0, 10));
  }
  return failures;
}

/** What should not be there at all, or should. */
function miscounts({
  fault,
  verdict,
  wire,
  endings,
}: Pick<Outcome, "fault" | "verdict" | "wire" | "endings">): string[] {
  const none: readonly (readonly [count: number, what: string, allowed?: boolean | undefined])[] =
    [
      [verdict.lost, "lost"],
      [verdict.reordered, "reordered"],
      [verdict.twice, "handled twice"],
      [verdict.unclosed, "without a close"],
      [verdict.closedTwice, "closed twice", fault.closesTwice],
      [verdict.reopened, "opened anew", fault.reopens],
      [endings.length, "ends that are not as they have to be"],
      [verdict.echoesLost, "echoes lost"],
      [verdict.echoesGivenUp, "echoes given up", fault.reopens],
      [verdict.echoesReordered, "echoes reordered"],
      [verdict.echoesTwice, "echoes twice"],
      [verdict.echoesStrange, "echoes of nothing"],
      [verdict.newsLost, "publishes to a group lost", losesNews(fault)],
      [verdict.newsWrong, "publishes to a group twice or reordered", losesNews(fault)],
      [wire.unhandled, "published and never handled"],
      [wire.confirmedEarly, "confirmed before their handlers had finished"],
      [wire.resent, "published in two streams", fault.resendsNothing !== true],
      [verdict.redelivered, "redelivered", fault.resendsNothing !== true],
    ];
  const failures = none
    .filter(([count, , allowed]) => count > 0 && allowed !== true)
    .map(([count, what]) => `${count} ${what}`);
  if (fault.offersAgain === true && wire.offeredAgain === 0) {
    failures.push("nothing was offered again, so nothing is shown");
  }
  if (fault.cuts !== undefined && verdict.cut.size === 0) {
    failures.push("nobody was cut, so nothing is shown");
  }
  if (verdict.read === 0) failures.push("no ping was answered");
  if (verdict.news === 0) failures.push("no publish to a group reached anybody");
  if (wire.offered === 0) failures.push("no message was seen at the broker");
  if (wire.confirmed === 0) failures.push("nothing was seen to be confirmed at the broker");
  return failures;
}

/** What is more, or takes longer, than it may. */
function excesses(
  { fault, memory, recoveryMs }: Pick<Outcome, "fault" | "memory" | "recoveryMs">,
  { bounds, slack }: Measure,
): string[] {
  const failures: string[] = [];
  for (const [name, bound] of Object.entries(bounds)) {
    const bytes = memory[name as keyof typeof bounds];
    if (bytes > bound) failures.push(`${name} were ${bytes} of ${bound}`);
  }
  for (const what of memory.unseen) failures.push(`${what} was never seen above 0`);
  const bound = recoveryBoundMs(fault, slack);
  if (recoveryMs !== undefined && bound !== undefined && recoveryMs > bound) {
    failures.push(`recovery took ${Math.round(recoveryMs)} ms, and may take ${bound}`);
  }
  return failures;
}

/** The longest that recovery may take where everything but timers may be slower. */
export function recoveryBoundMs(
  { recoveryMsMax, timersMs = 0 }: Pick<Fault, "recoveryMsMax" | "timersMs">,
  slack: number,
): number | undefined {
  if (recoveryMsMax === undefined) return undefined;
  return timersMs + slack * (recoveryMsMax - timersMs);
}
