/**
 * Runs the checks and the tests on the three runtimes. Ends with the line `N passed, N failed`.
 * Arguments: `--checks`, `--nightly` (each file on every runtime on which it can run), `--runtime
 * NAME` (repeatable; `node24` is one too), `--nodejs MAJOR=PROGRAM`, `--slowest N` (how many of
 * the slowest jobs are listed; 10), parts of file paths.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { skipWithout } from "./support/process/spawn.ts";
import { casesOf, isWhole, judge, type Totals } from "./support/run/junit.ts";
import {
  findTests,
  groupsOf,
  isFurther,
  isFuzz,
  type Job,
  jobOf,
  logFolder,
  needsMosquitto,
  type Runtime,
  runsOn,
  runtimes,
  type Seeds,
  seedsOf,
  takesLong,
} from "./support/run/plan.ts";
import { inParallel, Processes } from "./support/run/process.ts";
import { closingLine, type Row, slowestOf, sumOf, tableOf } from "./support/run/report.ts";
import { type Skip, skipTable } from "./support/run/skips.ts";
import { orUsage } from "./support/run/usage.ts";
import { fuzzSeed, oldSeeds } from "./vectors/dice.ts";

/**
 * No job needs longer, also on a machine that is busy with much else: the longest takes two
 * minutes where it is alone. One that hangs must not take the whole run with it.
 */
const jobMsMax = 600_000;
const failureLinesMax = 60;

/** What `npm run weights` reads. */
const lastCheck = "dist/last-check.json";

const processes = new Processes();

/**
 * Node.js writes the end of its report when nothing is left to do, and now and then does not end
 * after that (nodejs/node#54918). Such a job is judged by its report, and named.
 */
const mayNotEnd = (runtime: Runtime): boolean => runtime.startsWith("node");

/** What a job came to. */
interface JobRow extends Row {
  /** Its process did not end after its report. */
  readonly stuck?: boolean;
  /** Tests that were not run. */
  readonly skips: readonly Skip[];
}

type Check = readonly [name: string, command: string, ...args: string[]];

const denoRooms = ["core", "adapters", "wasm/codec/mod.ts", "runtimes/deno"];
const checks: readonly Check[] = [
  ["format and lint", "node_modules/.bin/biome", "ci", "--colors=off", "."],
  [
    "types (deno check)",
    "node_modules/.bin/deno",
    ...["check", "--quiet", ...denoRooms, "runtimes/compose/mod.ts"],
  ],
];
const wasmCheck: Check = ["wasm --verify", "node_modules/.bin/bun", "wasm/build.ts", "--verify"];

const noTime = { seconds: 0, processorSeconds: 0 };

async function runCheck([name, command, ...args]: Check): Promise<Row> {
  const log = `${logFolder}/check-${name.replaceAll(/[^a-z]+/g, "-")}.log`;
  const ended = await processes.run(command, args, { log, deadlineMs: jobMsMax });
  const failed = ended.exitCode === 0 ? 0 : 1;
  if (failed === 1) tellFailure(`check: ${name}`, ended.late ? "took too long" : "failed", log);
  const { seconds, processorSeconds } = ended;
  return { name, passed: 1 - failed, failed, skipped: 0, seconds, processorSeconds };
}

async function runJob(job: Job): Promise<JobRow> {
  const { name, log, env } = job;
  const reason = skipWithout("mosquitto");
  if (reason !== false && job.files.some(needsMosquitto)) {
    const skips = job.files.map((file) => ({ file, name: file, reason }));
    return { name, passed: 0, failed: 0, skipped: skips.length, ...noTime, skips };
  }
  const ended = await processes.run(job.command, job.args, {
    log,
    deadlineMs: jobMsMax,
    env,
    ...(mayNotEnd(job.runtime) ? { isDone: () => isWhole(reportOf(job) ?? "") } : {}),
  });
  const xml = reportOf(job);
  const { seconds, processorSeconds, stuck } = ended;
  const { totals, fault } = judge(xml, stuck ? 0 : ended.exitCode);
  if (totals.failed > 0) {
    const late = ended.late ? `took longer than ${jobMsMax / 1000} s` : undefined;
    const seed = job.files.some(isFuzz) ? ` (FUZZ_SEED=${env.FUZZ_SEED})` : "";
    tellFailure(`${name}${seed}`, late ?? fault ?? `${totals.failed} failed`, log);
  }
  const skips = (casesOf(xml ?? "") ?? [])
    .filter(({ outcome }) => outcome === "skipped")
    .map((one) => ({ file: job.files.join(" "), name: one.name, reason: one.reason }));
  return { name, ...totals, seconds, processorSeconds, skips, stuck };
}

function reportOf(job: Job): string | undefined {
  try {
    return readFileSync(job.report, "utf8");
  } catch {
    // `judge` says what that means.
    return undefined;
  }
}

function tellFailure(title: string, reason: string, log: string): void {
  const lines = readFileSync(log, "utf8").trimEnd().split("\n");
  // A job of many files ends with the list of its failures, on each runtime.
  const shown = lines.slice(-failureLinesMax);
  const cut = lines.length > shown.length ? `  … (all of it in ${log})\n` : "";
  console.log(`\n✖ ${title}: ${reason}\n${cut}${shown.map((line) => `  ${line}`).join("\n")}\n`);
}

/** What one runtime runs, and what came of it so far. */
class Part {
  readonly runtime: Runtime;
  readonly jobs: readonly Job[];
  readonly rows: JobRow[] = [];
  #startedAt: number | undefined;
  #seconds = 0;

  constructor(runtime: Runtime, jobs: readonly Job[]) {
    this.runtime = runtime;
    this.jobs = jobs;
  }

  async run(job: Job): Promise<void> {
    this.#startedAt ??= performance.now();
    this.rows.push(await runJob(job));
    this.#seconds = (performance.now() - this.#startedAt) / 1000;
    if (this.rows.length < this.jobs.length) return;
    const { seconds, ...totals } = this.row(false);
    console.log(`${this.runtime}: ${closingLine(totals)} in ${seconds.toFixed(1)} s`);
  }

  /** In the table. A run of everything in which it has no file has failed. */
  row(everything: boolean): Row {
    const { rows } = this;
    const none = rows.length === 0 && everything ? 1 : 0;
    const totals = sumOf([...rows, { passed: 0, failed: none, skipped: 0 }]);
    const processorSeconds = rows.reduce((sum, row) => sum + row.processorSeconds, 0);
    return { name: this.runtime, ...totals, seconds: this.#seconds, processorSeconds };
  }
}

interface JobsOptions {
  /** Of a further version of Node.js. */
  readonly program: string | undefined;
  readonly seeds: Seeds;
  readonly nightly: boolean;
}

function jobsOf(runtime: Runtime, files: readonly string[], options: JobsOptions): Job[] {
  const { program, seeds, nightly } = options;
  const here = files.filter((file) => runsOn(file, runtime, nightly));
  return [...groupsOf(here)].flatMap(([name, group]) =>
    seedsOf(group[0] ?? "", runtime, seeds).map((seed) => {
      const found = seed !== seeds.present || process.env.FUZZ_SEED !== undefined;
      const whole = nightly || (found && group.some(isFuzz));
      return jobOf(group, runtime, { program, seed, whole, name });
    }),
  );
}

/**
 * The jobs of all runtimes, one runtime after the other, and beside them the long ones, one at
 * a time. A job waits for processes and timers more than half of its time, so there are two for
 * each processor, and one more when the long ones are done.
 */
async function runParts(parts: readonly Part[]): Promise<void> {
  const all = parts.flatMap((part) => part.jobs.map((job) => ({ part, job })));
  const isLong = ({ job }: (typeof all)[number]): boolean => job.files.some(takesLong);
  const long = all.filter(isLong);
  const others = all.filter((one) => !isLong(one));
  const work = ({ part, job }: (typeof all)[number]): Promise<void> => part.run(job);
  const processors = availableParallelism();
  const longDone = inParallel(long, 1, work).then(() => inParallel(others, 1, work));
  await Promise.all([inParallel(others, 2 * processors, work), longDone]);
}

async function main(): Promise<number> {
  const started = performance.now();
  const { values, positionals } = orUsage(() =>
    parseArgs({
      allowPositionals: true,
      options: {
        checks: { type: "boolean", default: false },
        "build-failed": { type: "boolean", default: false },
        "build-seconds": { type: "string", default: "0" },
        nightly: { type: "boolean", default: false },
        runtime: { type: "string", multiple: true },
        nodejs: { type: "string", multiple: true, default: [] },
        slowest: { type: "string", default: "10" },
      },
    }),
  );
  const further = furtherNodejs(values.nodejs);
  rmSync(logFolder, { recursive: true, force: true });
  mkdirSync(logFolder, { recursive: true });
  const everything = positionals.length === 0;
  const summary: Row[] = [];
  const seconds = Number(values["build-seconds"]);
  if (values.checks || values["build-failed"]) {
    const [passed, failed] = values["build-failed"] ? [0, 1] : [1, 0];
    summary.push({ ...noTime, name: "build (tsc)", passed, failed, skipped: 0, seconds });
  }
  if (values.checks) summary.push(...(await Promise.all(checks.map(runCheck))));
  if (everything) summary.push(await runCheck(wasmCheck));
  const files = findTests("test").filter(
    (file) => everything || positionals.some((part) => file.includes(part)),
  );
  const wanted = [...runtimes, ...further.keys()].filter(
    (name) => values.runtime === undefined || values.runtime.includes(name),
  );
  const { FUZZ_SEED } = process.env;
  const seeds: Seeds = {
    present: fuzzSeed(FUZZ_SEED),
    old: FUZZ_SEED === undefined ? oldSeeds : [],
  };
  console.log(seedText(seeds));
  const parts: Part[] = [];
  const skips: Skip[] = [];
  // One file that is named runs wherever it can.
  const nightly = values.nightly || !everything;
  for (const runtime of wanted) {
    const program = further.get(runtime);
    const jobs = program === "" ? [] : jobsOf(runtime, files, { program, seeds, nightly });
    // Of further versions a check may look at the latest alone.
    if (jobs.length > 0 || !isFurther(runtime)) parts.push(new Part(runtime, jobs));
    if (program !== "") continue;
    summary.push({ name: runtime, ...noTime, passed: 0, failed: 0, skipped: 1 });
    skips.push({ file: runtime, name: "all", reason: `npm has no program for ${runtime}` });
  }
  await runParts(parts);
  summary.push(...parts.map((part) => part.row(everything)));
  const rows = parts.flatMap((part) => part.rows);
  skips.push(...rows.flatMap((row) => row.skips));
  const all = (performance.now() - started) / 1000 + seconds;
  if (everything) writeFileSync(lastCheck, JSON.stringify({ seconds: all, parts: summary }));
  report(summary, { rows, slowest: Number(values.slowest), seeds, skips });
  const totals = sumOf(summary);
  console.log(`The whole took ${all.toFixed(0)} s.\n${closingLine(totals)}`);
  return totals.failed > 0 || totals.passed === 0 ? 1 : 0;
}

const seedText = ({ present, old }: Seeds): string =>
  `Fuzz seed: ${present}; FUZZ_SEED=${present} repeats this run. Old seeds: ${old.join(" ")}`;

/** Further versions of Node.js by name: their programs, empty where there is none. */
function furtherNodejs(given: readonly string[]): ReadonlyMap<Runtime, string> {
  return new Map(
    given.map((pair) => {
      const [major, program = ""] = pair.split("=");
      return [`node${Number(major)}`, program];
    }),
  );
}

interface Findings {
  readonly rows: readonly JobRow[];
  /** How many of the slowest jobs are listed. */
  readonly slowest: number;
  readonly seeds: Seeds;
  readonly skips: readonly Skip[];
}

/** Prints what a run came to. */
function report(summary: readonly Row[], { rows, slowest, seeds, skips }: Findings): void {
  const jobs = slowestOf(rows, slowest);
  console.log(`\nSlowest jobs, and how long they kept a processor busy:\n${jobs}\n`);
  console.log(`${tableOf(summary)}\n`);
  if (skips.length > 0) console.log(`Skipped tests, and why:\n${skipTable(skips)}\n`);
  const stuck = rows.filter((row) => row.stuck === true).map(({ name }) => `  ${name}`);
  if (stuck.length > 0)
    console.log(`Killed, as they did not end after their report:\n${stuck.join("\n")}\n`);
  console.log(seedText(seeds));
  const { passed, failed }: Totals = sumOf(summary);
  if (passed + failed === 0) console.log("No test matched.");
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    processes.killAll();
    console.log(closingLine({ passed: 0, failed: 1, skipped: 0 }));
    process.exit(130);
  });
}
process.exitCode = await main();
