/**
 * Runs the checks and the tests on the three runtimes, one process a file, and ends with the line
 * `N passed, N failed`. Arguments: `--checks`, `--runtime NAME` (repeatable; `node24` is one too),
 * `--nodejs MAJOR=PROGRAM`, `--slowest N` (how many of the slowest files are listed; 10),
 * `--again N` (up to N files that failed are run once more, alone; 0), parts of file paths.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { skipWithout } from "./support/process/spawn.ts";
import { casesOf, isWhole, judge, type Totals } from "./support/run/junit.ts";
import {
  countingJobOf,
  findTests,
  isFuzz,
  type Job,
  jobOf,
  logFolder,
  type Runtime,
  repeatsDraws,
  runsOn,
  runtimes,
  type Seeds,
  seedsOf,
  takesLong,
} from "./support/run/plan.ts";
import { inParallel, Processes } from "./support/run/process.ts";
import { closingLine, type Row, slowestOf, sumOf, tableOf } from "./support/run/report.ts";
import { imports, type Skip, skipTable } from "./support/run/skips.ts";
import { fuzzSeed, oldSeeds } from "./vectors/dice.ts";

/**
 * No file of tests needs longer, also on a machine that is busy with much else: the longest takes
 * two minutes where it is alone. One that hangs must not take the whole run with it.
 */
const fileMsMax = 600_000;
const failureLinesMax = 60;

const processes = new Processes();

/**
 * Node.js writes the end of its report when nothing is left to do, and now and then does not end
 * after that (nodejs/node#54918). Such a file is judged by its report, and named.
 */
const mayNotEnd = (runtime: Runtime): boolean => runtime.startsWith("node");

/** What a run of a file came to. */
interface FileRow extends Row {
  /** Its process did not end after its report. */
  readonly stuck?: boolean;
  /** Tests that were not run. */
  readonly skips: readonly Skip[];
}

const checks: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ["format and lint", "node_modules/.bin/biome", "ci", "--colors=off", "."],
  [
    "types (deno check)",
    "node_modules/.bin/deno",
    ...[
      "check",
      "--quiet",
      "core",
      "adapters",
      "wasm/codec/mod.ts",
      "runtimes/deno",
      "runtimes/compose/mod.ts",
    ],
  ],
];
const wasmCheck = ["wasm --verify", "node_modules/.bin/bun", "wasm/build.ts", "--verify"] as const;

const noTime = { seconds: 0, processorSeconds: 0 };

async function runCheck([name, command, ...args]: readonly string[]): Promise<Row> {
  const log = `${logFolder}/check-${(name ?? "").replaceAll(/[^a-z]+/g, "-")}.log`;
  const ended = await processes.run(command ?? "", args, { log, deadlineMs: fileMsMax });
  const failed = ended.exitCode === 0 ? 0 : 1;
  if (failed === 1) tellFailure(`check: ${name}`, ended.late ? "took too long" : "failed", log);
  const { seconds, processorSeconds } = ended;
  return { name: name ?? "", passed: 1 - failed, failed, skipped: 0, seconds, processorSeconds };
}

async function runJob(job: Job): Promise<FileRow> {
  const ended = await processes.run(job.command, job.args, {
    log: job.log,
    deadlineMs: fileMsMax,
    env: job.env,
    ...(mayNotEnd(job.runtime) ? { isDone: () => isWhole(reportOf(job) ?? "") } : {}),
  });
  const xml = reportOf(job);
  const { stuck } = ended;
  const verdict = judge(xml, stuck ? 0 : ended.exitCode);
  const { totals } = verdict;
  if (totals.failed > 0) {
    const late = ended.late ? `took longer than ${fileMsMax / 1000} s` : undefined;
    const seed = isFuzz(job.file) ? ` (FUZZ_SEED=${job.env.FUZZ_SEED})` : "";
    const title = `${job.runtime}: ${job.file}${seed}`;
    tellFailure(title, late ?? verdict.fault ?? countOf(totals), job.log);
  }
  const { runtime, file } = job;
  const skips = (casesOf(xml ?? "") ?? [])
    .filter(({ outcome }) => outcome === "skipped")
    .map(({ name, reason }) => ({ file, name, reason }));
  const { seconds, processorSeconds } = ended;
  return { name: `${runtime} ${file}`, ...totals, seconds, processorSeconds, skips, stuck };
}

/** Counts a file's tests, and judges none of them. */
async function skipJob({ file, runtime }: Job, reason: string): Promise<FileRow> {
  const job = countingJobOf(file, runtime);
  const options = { log: job.log, deadlineMs: fileMsMax, env: job.env };
  const ended = await processes.run(job.command, job.args, options);
  const { exitCode, seconds, processorSeconds } = ended;
  const cases = casesOf(reportOf(job) ?? "") ?? [];
  // A file that does not even load has to be seen.
  const failed = cases.length === 0 && exitCode !== 0 ? 1 : 0;
  if (failed === 1) tellFailure(`${runtime}: ${file}`, "has no test to skip", job.log);
  // Node.js 22 and newer do not report tests that the pattern leaves out: the file counts as one.
  const names = cases.length === 0 ? [file] : cases.map(({ name }) => name);
  const skips = failed === 1 ? [] : names.map((name) => ({ file, name, reason }));
  const name = `${runtime} ${file}`;
  return { name, passed: 0, failed, skipped: skips.length, seconds, processorSeconds, skips };
}

function reportOf(job: Job): string | undefined {
  try {
    return readFileSync(job.report, "utf8");
  } catch {
    // `judge` says what that means.
    return undefined;
  }
}

const countOf = (totals: Totals): string => `${totals.failed} failed`;

function tellFailure(title: string, reason: string, log: string): void {
  const lines = readFileSync(log, "utf8").trimEnd().split("\n");
  const shown = lines.slice(-failureLinesMax);
  const cut = lines.length > shown.length ? `  … (all of it in ${log})\n` : "";
  console.log(`\n✖ ${title}: ${reason}\n${cut}${shown.map((line) => `  ${line}`).join("\n")}\n`);
}

/** What one runtime runs, and what came of it so far. */
class Part {
  readonly runtime: Runtime;
  readonly jobs: readonly Job[];
  readonly #rows = new Map<Job, FileRow>();
  #startedAt: number | undefined;
  #seconds = 0;

  constructor(runtime: Runtime, jobs: readonly Job[]) {
    this.runtime = runtime;
    this.jobs = jobs;
  }

  get rows(): FileRow[] {
    return [...this.#rows.values()];
  }

  async run(job: Job): Promise<void> {
    this.#startedAt ??= performance.now();
    const reason = skipWithout("mosquitto");
    const skipped = reason !== false && imports(job.file, "test/support/broker/mosquitto.ts");
    this.#rows.set(job, skipped ? await skipJob(job, reason) : await runJob(job));
    this.#seconds = (performance.now() - this.#startedAt) / 1000;
    if (this.#rows.size < this.jobs.length) return;
    const { seconds, ...totals } = this.row(false);
    console.log(`${this.runtime}: ${closingLine(totals)} in ${seconds.toFixed(1)} s`);
  }

  get failed(): Job[] {
    return this.jobs.filter((job) => (this.#rows.get(job)?.failed ?? 0) > 0);
  }

  /** Runs a file that failed once more; whether it passes now. */
  async runAgain(job: Job): Promise<boolean> {
    rmSync(job.report, { force: true });
    const row = await runJob({ ...job, log: `${job.log}.again` });
    if (row.failed > 0) return false;
    this.#rows.set(job, row);
    return true;
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

/**
 * Runs the files that failed once more, one after the other: what passes now depends on chance.
 * Such a file is counted as passed and named; how it failed stands above. Where more than
 * `filesMax` failed, it is no chance.
 */
async function runFailedAgain(parts: readonly Part[], filesMax: number): Promise<string[]> {
  const failed = parts.flatMap((part) => part.failed.map((job) => ({ part, job })));
  if (failed.length > filesMax) return [];
  const flaky: string[] = [];
  for (const { part, job } of failed) {
    console.log(`${job.runtime}: ${job.file} failed; it is run once more.`);
    if (await part.runAgain(job)) flaky.push(`${job.runtime} ${job.file}`);
  }
  return flaky;
}

function jobsOf(
  runtime: Runtime,
  files: readonly string[],
  { program, seeds }: { readonly program: string | undefined; readonly seeds: Seeds },
): Job[] {
  return files
    .filter((file) => runsOn(file, runtime))
    .flatMap((file) =>
      seedsOf(file, runtime, seeds).map((seed) => {
        const whole =
          isFuzz(file) && (seed !== seeds.present || process.env.FUZZ_SEED !== undefined);
        const repeats = repeatsDraws(file, runtime, seeds);
        return jobOf(file, runtime, { program, seed, whole, repeats });
      }),
    );
}

/**
 * The files of all runtimes, one runtime after the other, and beside them the long ones, one at
 * a time. A file waits for processes and timers more than half of its time, so there are two for
 * each processor, and three when the long ones are done.
 */
async function runParts(parts: readonly Part[]): Promise<void> {
  const all = parts.flatMap((part) => part.jobs.map((job) => ({ part, job })));
  const long = all.filter(({ job }) => takesLong(job.file));
  const others = all.filter(({ job }) => !takesLong(job.file));
  const work = ({ part, job }: (typeof all)[number]): Promise<void> => part.run(job);
  const processors = availableParallelism();
  const longDone = inParallel(long, 1, work);
  const help = longDone.then(() => inParallel(others, processors, work));
  await Promise.all([inParallel(others, 2 * processors, work), help]);
}

/** Whether code, format and types are in order. The build has checked the types with tsc. */
async function runChecks(isBuilt: boolean): Promise<Row[]> {
  const rows = new Map<string, Row>();
  await inParallel([...checks], availableParallelism(), async (check) => {
    rows.set(check[0], await runCheck(check));
  });
  const [passed, failed] = isBuilt ? [1, 0] : [0, 1];
  const types = { name: "types (tsc)", ...noTime, passed, failed, skipped: 0 };
  return [types, ...checks.map(([name]) => rows.get(name)!)];
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      checks: { type: "boolean", default: false },
      "build-failed": { type: "boolean", default: false },
      runtime: { type: "string", multiple: true },
      nodejs: { type: "string", multiple: true, default: [] },
      slowest: { type: "string", default: "10" },
      again: { type: "string", default: "0" },
    },
  });
  const further = furtherNodejs(values.nodejs);
  rmSync(logFolder, { recursive: true, force: true });
  mkdirSync(logFolder, { recursive: true });
  const summary: Row[] = [];
  if (values["build-failed"] && !values.checks) {
    summary.push({ name: "build", ...noTime, passed: 0, failed: 1, skipped: 0 });
  }
  if (values.checks) summary.push(...(await runChecks(!values["build-failed"])));
  if (positionals.length === 0) summary.push(await runCheck(wasmCheck));
  const files = findTests("test").filter(
    (file) => positionals.length === 0 || positionals.some((part) => file.includes(part)),
  );
  const wanted = [...runtimes, ...further.keys()].filter(
    (name) => values.runtime === undefined || values.runtime.includes(name),
  );
  const seeds: Seeds = {
    present: fuzzSeed(process.env.FUZZ_SEED),
    old: process.env.FUZZ_SEED === undefined ? oldSeeds : [],
    // The fuzz takes least time on Bun.
    oldOn: wanted.find((name) => name === "bun") ?? wanted[0] ?? "node",
  };
  console.log(seedText(seeds));
  const parts: Part[] = [];
  const skips: Skip[] = [];
  for (const runtime of wanted) {
    const program = further.get(runtime);
    if (program !== "") {
      parts.push(new Part(runtime, jobsOf(runtime, files, { program, seeds })));
      continue;
    }
    summary.push({ name: runtime, ...noTime, passed: 0, failed: 0, skipped: 1 });
    skips.push({ file: runtime, name: "all", reason: `npm has no program for ${runtime}` });
  }
  await runParts(parts);
  const flaky = await runFailedAgain(parts, Number(values.again));
  summary.push(...parts.map((part) => part.row(positionals.length === 0)));
  const rows = parts.flatMap((part) => part.rows);
  skips.push(...rows.flatMap((row) => row.skips));
  const stuck = rows.filter((row) => row.stuck === true).map(({ name }) => name);
  const slowest = slowestOf(rows, Number(values.slowest));
  return report(summary, { files: slowest, seeds, skips, flaky, stuck });
}

const seedText = ({ present, old, oldOn }: Seeds): string =>
  `Fuzz seed: ${present}; FUZZ_SEED=${present} repeats this run. Old seeds` +
  `${old.length === 0 ? ": none" : `, on ${oldOn}: ${old.join(" ")}`}`;

/** Further versions of Node.js by name: their programs, empty where there is none. */
function furtherNodejs(given: readonly string[]): ReadonlyMap<Runtime, string> {
  return new Map(
    given.map((pair) => {
      const [major, program = ""] = pair.split("=");
      return [`node${Number(major)}`, program];
    }),
  );
}

const listOf = (names: readonly string[]): string => names.map((name) => `  ${name}`).join("\n");

interface Findings {
  /** The slowest files. */
  readonly files: string;
  readonly seeds: Seeds;
  readonly skips: readonly Skip[];
  /** Files that failed, and passed when they were run once more. */
  readonly flaky: readonly string[];
  /** Files whose process did not end after its report. */
  readonly stuck: readonly string[];
}

/** What a run came to; its exit code. */
function report(summary: readonly Row[], { files, seeds, skips, flaky, stuck }: Findings): number {
  const totals = sumOf(summary);
  console.log(`\nSlowest files, and how long they kept a processor busy:\n${files}\n`);
  console.log(`${tableOf(summary)}\n`);
  if (skips.length > 0) console.log(`Skipped tests, and why:\n${skipTable(skips)}\n`);
  if (stuck.length > 0)
    console.log(`Killed, as they did not end after their report:\n${listOf(stuck)}\n`);
  if (flaky.length > 0) console.log(`Flaky, passed at the second run:\n${listOf(flaky)}\n`);
  console.log(seedText(seeds));
  if (totals.passed + totals.failed === 0) console.log("No test matched.");
  console.log(closingLine(totals, flaky.length));
  return totals.failed > 0 || totals.passed === 0 ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    processes.killAll();
    console.log(closingLine({ passed: 0, failed: 1, skipped: 0 }));
    process.exit(130);
  });
}
process.exitCode = await main();
