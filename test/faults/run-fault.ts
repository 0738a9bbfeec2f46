import { waitFor } from "../support/wait.ts";
import { Dice } from "../vectors/dice.ts";
import { type Cluster, waitMs } from "./cluster.ts";
import { Crowd } from "./crowd.ts";
import type { Fault } from "./fault.ts";
import { saveLogs } from "./save-logs.ts";
import { judge, type LogMarks, type Verdict } from "./verdict.ts";
import { WindowSampler, windowBound } from "./window-sampler.ts";

/** What one fault did under load, and what is proved of it. */
export interface Outcome {
  readonly fault: Fault;
  readonly combination: string;
  readonly verdict: Verdict;
  readonly recoveryMs: number | undefined;
  /** The most that `wss_event_window_bytes` showed at one node. */
  readonly windowBytes: number;
  /** Everything that is not as promised. */
  readonly failures: readonly string[];
}

/** Messages before the fault, and after it. */
const messagesBefore = 500;
const messagesAfter = 1_000;

/** Lets clients talk, breaks something, lets them talk on, and judges. */
export async function runFault(cluster: Cluster, fault: Fault, seed: number): Promise<Outcome> {
  const dice = new Dice(seed);
  const { runtime, engine } = cluster.combination;
  const marks: LogMarks = new Map(cluster.lives.map((life) => [life, life.read().length]));
  const crowd = new Crowd(cluster, dice, `s${seed}`);
  const sampler = new WindowSampler(cluster);
  try {
    await crowd.start();
    await crowd.saidMore(messagesBefore + dice.below(messagesBefore));
    const recoveryMs = await fault.run({ cluster, crowd, dice });
    await crowd.saidMore(messagesAfter);
    await crowd.end();
    const look = (): Verdict => judge(crowd.talkers, cluster.lives, marks);
    const done = ({ lost, unclosed }: Verdict): boolean => lost === 0 && unclosed === 0;
    // Judged as it stands when nothing more comes.
    await waitFor(() => done(look()), { deadline: waitMs }).catch(() => {});
    const verdict = look();
    const outcome = { fault, verdict, recoveryMs, windowBytes: await sampler.stop() };
    const combination = `${runtime}/${engine}`;
    const failures = failuresOf(outcome, cluster);
    if (failures.length > 0) failures.push(`logs: ${saveLogs(cluster, `${runtime}-${seed}`)}`);
    return { ...outcome, combination, failures };
  } finally {
    await sampler.stop();
    crowd.destroy();
  }
}

function failuresOf(
  outcome: Omit<Outcome, "combination" | "failures">,
  cluster: Cluster,
): string[] {
  const { fault, verdict, windowBytes, recoveryMs } = outcome;
  const failures: string[] = [];
  const { lost, reordered, twice, unclosed, closedTwice, reopened, cut, complaints } = verdict;
  const expect = (count: number, what: string): void => {
    if (count > 0) failures.push(`${count} ${what}`);
  };
  expect(lost, "lost");
  expect(reordered, "reordered");
  expect(twice, "handled twice");
  expect(unclosed, "without a close");
  if (fault.closesTwice !== true) expect(closedTwice, "closed twice");
  if (fault.reopens !== true) expect(reopened, "opened anew");
  if (fault.cuts !== true)
    expect(
      [...cut.values()].reduce((a, b) => a + b, 0),
      "cut",
    );
  for (const { name, errors } of cluster.lives) {
    if (errors.length > 0) failures.push(`${name} failed: ${errors.slice(0, 3).join(" ")}`);
  }
  const bound = windowBound(cluster);
  if (windowBytes > bound) failures.push(`the window held ${windowBytes} of ${bound} bytes`);
  const { recoveryMsMax = Number.POSITIVE_INFINITY } = fault;
  const { slack = 1 } = cluster.combination;
  if (recoveryMs !== undefined && recoveryMs > slack * recoveryMsMax) {
    failures.push(`recovery took ${Math.round(recoveryMs)} ms`);
  }
  if (failures.length > 0) failures.push(...complaints);
  return failures;
}
