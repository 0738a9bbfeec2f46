/**
 * `npm run bench [-- NAMES…] [--quick] [--rounds N] [--write]`: every figure beside the one it is
 * held against, in one run. Without names those of `usual` run, in about 20 minutes; with
 * `--quick` in less than two, however many: loads are smaller, the benches share that time, and
 * each says what it leaves out. `--write` puts what is said into docs/performance.md, and figures
 * of that page into other pages. It fails on no time but that of `unread`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import {
  figuresFile,
  figuresPage,
  type Run,
  renderFigures,
  transportsPage,
  withHeadlines,
  withTransportCosts,
  writtenFigures,
} from "../support/docs/figures.ts";
import { scalingPage, withScaling } from "../support/docs/scaling.ts";
import { orUsage } from "../support/run/usage.ts";
import { runCodecBench } from "./codec/codec.ts";
import { connectsBench } from "./connections/connects.ts";
import { groupsBench } from "./connections/groups.ts";
import { idleBench } from "./connections/idle.ts";
import { manyBench } from "./connections/many.ts";
import { queuedBench } from "./connections/queued.ts";
import { stormBench } from "./connections/storm.ts";
import { unreadBench } from "./connections/unread.ts";
import { workerDeathBench } from "./connections/worker-death.ts";
import { bunNative, bunWasm, denoWasm, nodeWasm } from "./measure/entrants.ts";
import { commit, load, machine, versions } from "./measure/machine.ts";
import { quickMs, SharedTime } from "./measure/rounds.ts";
import { type Effort, Session } from "./measure/session.ts";
import { brokersBench } from "./messages/brokers.ts";
import { postsBench, tokensBench } from "./messages/contests.ts";
import { echoBench } from "./messages/echo.ts";
import { fanOutBench } from "./messages/fan-out.ts";
import { growthBench } from "./messages/growth.ts";
import { httpBench } from "./messages/http.ts";
import { ingestBench } from "./messages/ingest.ts";
import { latencyBench } from "./messages/latency.ts";
import { overheadBench } from "./messages/overhead.ts";
import { profileBench } from "./messages/profile.ts";
import { roundTripBench } from "./messages/round-trip.ts";
import { sizes, sizesBench, small } from "./messages/sizes.ts";
import { workersBench } from "./messages/workers.ts";

/** A bench that hangs ends everything. A quick run has one limit for all benches: `quickMs`. */
const benchMsMax = 900_000;

const benches: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
  brokers: (session) => brokersBench(session),
  codec: ({ print }) => runCodecBench(print),
  connects: (session) => connectsBench(session),
  echo: (session) => echoBench(session),
  engines: (session) => sizesBench([bunNative, bunWasm, nodeWasm, denoWasm], small, session),
  "fan-out": (session) => fanOutBench(session),
  groups: (session) => groupsBench(session),
  growth: (session) => growthBench(session),
  http: (session) => httpBench(session),
  idle: (session) => idleBench(session),
  ingest: (session) => ingestBench(session),
  latency: (session) => latencyBench(session),
  many: (session) => manyBench(session),
  overhead: (session) => overheadBench(session),
  posts: ({ effort, print }) => postsBench(effort.rounds, print),
  profile: (session) => profileBench(session),
  queued: (session) => queuedBench([bunNative, bunWasm, nodeWasm], session),
  "round-trip": (session) => roundTripBench(session),
  sizes: (session) => sizesBench([bunNative, bunWasm], sizes, session),
  storm: (session) => stormBench(session),
  unread: (session) => unreadBench([bunNative, nodeWasm], session),
  tokens: ({ effort, print }) => tokensBench(effort.rounds, print),
  "worker-death": (session) => workerDeathBench(session),
  workers: (session) => workersBench([bunNative, nodeWasm], session),
};

/** In this order: what is loud for the kernel comes late. */
const usual = [
  "echo",
  "ingest",
  "latency",
  "growth",
  "fan-out",
  "storm",
  "idle",
  "workers",
  "many",
];

/**
 * Replaces the section of one bench; a run that is broken off keeps what was written before. Gives
 * what other pages lack, where not all benches that they show have been written.
 */
function write(name: string, run: Run, session: Session): string[] {
  const others = writtenFigures().filter((one) => one.name !== name);
  const { figures } = session;
  const sections = [...others, { name, run, body: session.markdown(), figures }];
  const { page, data } = renderFigures(sections);
  writeFileSync(figuresPage, page);
  writeFileSync(figuresFile, data);
  const changes = { "README.md": withHeadlines, [transportsPage]: withTransportCosts };
  return Object.entries({ ...changes, [scalingPage]: withScaling }).flatMap(([path, change]) => {
    try {
      writeFileSync(path, change(readFileSync(path, "utf8"), sections));
      return [];
    } catch (error) {
      return [`${path} was not written: ${(error as Error).message}`];
    }
  });
}

function usage(): string {
  const names = Object.keys(benches).map((name) => (usual.includes(name) ? name : `(${name})`));
  return (
    "npm run bench [-- NAMES] [--quick] [--rounds N] [--write]\n" +
    `names: ${names.join(", ")}; those in brackets run by name only\n` +
    "--quick: small loads, one round, under two minutes for all; writes nothing\n" +
    "--write: writes docs/performance.md, in about 20 minutes without names\n"
  );
}

/** Ends everything after that time, and says why; a run that ends before does not wait for it. */
function endAfter(ms: number, why: () => string): NodeJS.Timeout {
  const end = (): void => {
    process.stderr.write(`bench: ${why()}\n`);
    process.exit(1);
  };
  return setTimeout(end, ms).unref();
}

async function main(): Promise<number> {
  const { values, positionals } = orUsage(() =>
    parseArgs({
      allowPositionals: true,
      options: {
        help: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        rounds: { type: "string" },
        write: { type: "boolean", default: false },
      },
    }),
  );
  const chosen = positionals.length === 0 ? usual : positionals;
  const { quick, help } = values;
  const rounds = Number(values.rounds ?? (quick ? 1 : 3));
  const wrong = chosen.some((name) => benches[name] === undefined) || (quick && values.write);
  if (help || wrong || !(rounds >= 1)) {
    process[help ? "stdout" : "stderr"].write(usage());
    return help ? 0 : 2;
  }
  const effort: Effort = quick
    ? { quick, rounds, seconds: 0.7, warmUpMs: 300 }
    : { quick, rounds, seconds: 1.5, warmUpMs: 700 };
  process.stdout.write(`${machine()}, ${load()}, ${commit()}\n${versions()}\n`);
  const time = quick
    ? new SharedTime({ ticks: () => performance.now() }, quickMs.measured)
    : undefined;
  const waiting: readonly string[] = chosen;
  if (quick) endAfter(quickMs.most, () => `two minutes are over; missing: ${waiting.join(", ")}`);
  let lacking: string[] = [];
  let failed = false;
  for (const [at, name] of chosen.entries()) {
    if (time?.isOver === true) {
      process.stdout.write(
        `\nLeft out, as two minutes are over: ${chosen.slice(at).join(", ")}\n`,
      );
      break;
    }
    time?.begin(chosen.length - at);
    const session = new Session(effort, values.write, time);
    const day = new Date().toISOString().slice(0, 10);
    const about = { commit: commit(), load: load(), day };
    const where = { machine: machine(), versions: versions() };
    process.stdout.write(`\n## ${name}\n`);
    const watch = quick ? undefined : endAfter(benchMsMax, () => `${name} takes too long`);
    const from = performance.now();
    try {
      await benches[name]!(session);
    } catch (error) {
      // The others are measured all the same: some minutes of a quiet machine are rare.
      process.stderr.write(`bench: ${name} failed: ${String((error as Error).stack ?? error)}\n`);
      failed = true;
      continue;
    } finally {
      clearTimeout(watch);
    }
    const run: Run = { rounds: session.roundsDone, ...about, ...where };
    const seconds = ((performance.now() - from) / 1_000).toFixed(0);
    process.stdout.write(`${name}: ${seconds} s, rounds: ${run.rounds}\n`);
    if (values.write) lacking = write(name, run, session);
  }
  for (const line of lacking) process.stderr.write(`${line}\n`);
  return lacking.length === 0 && !failed ? 0 : 1;
}

process.exitCode = await main();
