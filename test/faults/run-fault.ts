import { waitFor } from "../support/process/wait.ts";
import { Dice } from "../vectors/dice.ts";
import { Crowd } from "./clients/crowd.ts";
import { type Cluster, waitMs } from "./cluster/cluster.ts";
import { now } from "./cluster/now.ts";
import { complaintsSince, outputMarks } from "./evidence/complaints.ts";
import type { LogMarks } from "./evidence/judged.ts";
import { MemorySampler, memoryBounds } from "./evidence/memory-sampler.ts";
import { saveLogs } from "./evidence/save-logs.ts";
import { WireTap } from "./evidence/wire-tap.ts";
import { failuresOf } from "./failures.ts";
import { judgeEndings } from "./judge/judge-endings.ts";
import { judgeWire } from "./judge/judge-wire.ts";
import { judge, type Verdict } from "./judge/verdict.ts";
import { type Fault, losesNews } from "./kinds/fault.ts";
import type { Outcome } from "./outcome.ts";

/** Messages before the fault, and after it. */
const messagesBefore = 250;
const messagesAfter = 500;
/** An origin that handled nothing for so long has nothing more to handle. */
const quietMs = 250;

/** Lets clients talk, breaks something, lets them talk on, and judges. */
export async function runFault(cluster: Cluster, fault: Fault, seed: number): Promise<Outcome> {
  const dice = new Dice(seed);
  const { runtime, engine } = cluster.combination;
  const marks: LogMarks = new Map(cluster.lives.map((life) => [life, life.read().length]));
  const crowd = new Crowd(cluster, dice, `s${seed}`);
  await using tap = await WireTap.start(cluster.brokers.map((broker) => broker.url()));
  const condemned = new Set<string>();
  const outputs = outputMarks(cluster);
  const sampler = await MemorySampler.start(cluster);
  const save = (): string => saveLogs(cluster, crowd.testify(), `${runtime}-${seed}`);
  try {
    await crowd.start();
    await crowd.saidMore(messagesBefore + dice.below(messagesBefore));
    const recoveryMs = await fault.run({ cluster, crowd, dice, condemned });
    await crowd.saidMore(messagesAfter);
    await crowd.hush();
    const look = (): Verdict => judge(crowd.testify(), cluster.lives, marks);
    // Judged as it stands when nothing more comes.
    await waitUntil(look, ({ lost, echoesLost }) => lost === 0 && echoesLost === 0);
    const quietAt = await quiet(cluster);
    const mayMiss = losesNews(fault);
    await waitUntil(look, ({ echoesLost, newsLost }) => {
      return echoesLost === 0 && (mayMiss || newsLost === 0);
    });
    await crowd.leave(quietAt);
    await waitUntil(look, ({ lost, unclosed }) => lost === 0 && unclosed === 0);
    const verdict = look();
    const wire = judgeWire(tap, cluster.lives);
    const memory = await sampler.stop();
    const { cuts, reopens, losesInError } = fault;
    const losesFrames = runtime === "deno" && engine === "native";
    const rules = { cuts, condemned, reopens, losesInError, losesFrames };
    const endings = judgeEndings(crowd.testify(), verdict.ends, rules);
    const errors = [...complaintsSince(outputs, cluster), ...sampler.complaints];
    const outcome = { fault, verdict, wire, recoveryMs, memory, endings, errors };
    const combination = `${runtime}/${engine}`;
    const bounds = memoryBounds(cluster);
    const { slack = 1 } = cluster.combination;
    const failures = failuresOf(outcome, { lives: cluster.lives, bounds, slack });
    if (failures.length > 0) failures.push(`logs: ${save()}`);
    return { ...outcome, combination, failures };
  } catch (error) {
    throw new Error(`${fault.name}, seed ${seed}, logs: ${save()}`, { cause: error });
  } finally {
    await sampler.stop();
    crowd.destroy();
  }
}

async function waitUntil(look: () => Verdict, done: (verdict: Verdict) => boolean): Promise<void> {
  // Each look reads all that was said: every few would keep a processor busy that nodes need.
  await waitFor(() => done(look()), { deadline: waitMs, every: 250 }).catch(() => {});
}

/** Resolves when no origin has handled anything for a while; since when, at least. */
function quiet(cluster: Cluster): Promise<number> {
  const count = (): number => cluster.lives.reduce((sum, life) => sum + life.read().length, 0);
  let [before, since] = [count(), now()];
  return waitFor(
    () => {
      const events = count();
      if (events !== before) [before, since] = [events, now()];
      return now() - since >= quietMs && since;
    },
    { what: "origins to be done", deadline: waitMs },
  );
}
