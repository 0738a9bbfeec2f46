import { readdirSync } from "node:fs";
import { join } from "node:path";
import { gatewaysVariable } from "../gateway/combinations.ts";

export const runtimes = ["node", "bun", "deno"] as const;
/** One of `runtimes`, or a further version of Node.js such as `node24`. */
export type Runtime = (typeof runtimes)[number] | `node${number}`;

/** One test file on one runtime: a process of its own, so that a crash costs that file only. */
export interface Job {
  readonly runtime: Runtime;
  readonly file: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Where the runner leaves its JUnit report. */
  readonly report: string;
  /** Where everything that it prints goes. */
  readonly log: string;
  /** Added to the environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Elsewhere for a run within a run, whose logs may not replace those of the outer one. */
export const logFolder: string = process.env.TEST_LOGS ?? "dist/test-logs";

/**
 * Test files below a folder, by path. `x.node.test.ts` is for Node alone, on each of its versions,
 * and so on; `x.once.test.ts` is for the Node that runs the tests: what it tests is the same
 * whatever runs it, such as texts, or gateways on Bun and Deno.
 */
export function findTests(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => join(folder, path).replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".test.ts"))
    .sort();
}

export function runsOn(file: string, runtime: Runtime): boolean {
  const only = /\.(once|node|bun|deno)\.test\.ts$/.exec(file)?.[1];
  if (only === "once") return runtime === "node";
  if (isFurther(runtime)) return (only ?? "node") === "node" && differs(file, runtime);
  return only === undefined || only === runtime;
}

/**
 * What a further version of Node.js can change: gateways and programs on it, and what uses its
 * sockets and its HTTP. All else is the language, which is tested on three engines already.
 */
const differsByVersion = [
  "runtimes/",
  "integration/",
  "unit/runtimes/",
  "unit/adapters/http",
  "fuzz/sockets",
];

/** What Chromium shows is the same whichever version serves it. */
const isPage = /(console|-page)\.node\.test\.ts$/;

/**
 * A version between two that are tested is looked at where one has ever been different: sockets,
 * HTTP, how a port is shared, how processes start and end. What stands on that is tested with the
 * version before it and with the one after it. Beside these, `programs/package.once.test.ts` runs
 * the installed package on each version.
 */
const differsBetween = [
  "runtimes/",
  "integration/gateway/",
  "integration/limits/",
  "integration/workers/",
  "unit/runtimes/framed-server/",
  "unit/runtimes/server/",
  "unit/adapters/http-client/",
];
const between: ReadonlySet<Runtime> = new Set(["node22"]);

function differs(file: string, runtime: Runtime): boolean {
  const places = between.has(runtime) ? differsBetween : differsByVersion;
  return places.some((place) => file.startsWith(`test/${place}`)) && !isPage.test(file);
}

export const isFurther = (runtime: Runtime): boolean => /\d$/.test(runtime);

export interface JobOptions {
  /** Of a further version of Node.js. */
  readonly program?: string | undefined;
  /** For what a test throws dice. */
  readonly seed?: number;
  /** All draws, on every runtime: for a seed that found something. */
  readonly whole?: boolean;
  /** Another runtime of the same run makes the same draws. */
  readonly repeats?: boolean;
}

export function jobOf(file: string, runtime: Runtime, options: JobOptions = {}): Job {
  const { program = process.execPath, seed, whole = false, repeats = false } = options;
  const kind = seed !== undefined && isFuzz(file) ? `-${seed}` : "";
  const name = `${runtime}-${file.replace(/^test\//, "").replaceAll("/", "-")}${kind}`;
  const report = `${logFolder}/${name}.xml`;
  return {
    runtime,
    file,
    report,
    log: `${logFolder}/${name}.log`,
    env: {
      ...(isFurther(runtime) ? { [gatewaysVariable]: "node" } : {}),
      ...(repeats && !whole ? { FUZZ_DIVISOR: "2" } : {}),
      ...(isFurther(runtime) && !whole ? fewerDraws : {}),
      ...(seed === undefined ? {} : { FUZZ_SEED: String(seed) }),
    },
    ...start(file, runtime, report, program),
  };
}

/**
 * Files that take minutes, because their processes are stopped, killed and waited for: one of them
 * after the other runs beside the others.
 */
export const takesLong = (file: string): boolean => file.startsWith("test/faults/");

/**
 * A further version of Node.js repeats what another one has done, with a part of the draws: it is
 * looked at for what differs.
 */
const fewerDraws = { PROPERTY_RUNS: process.env.PROPERTY_RUNS ?? "200", FUZZ_DIVISOR: "4" };

export const isFuzz = (file: string): boolean => file.startsWith("test/fuzz/");

/**
 * The seeds of a run, and the runtime on which it tries those again that earlier runs had. This
 * one makes all draws. On the others the first half of the same draws looks at the engine.
 */
export interface Seeds {
  readonly present: number;
  readonly old: readonly number[];
  readonly oldOn: Runtime;
}

/** Whether the runtime with all draws makes those of this file as well. */
export function repeatsDraws(file: string, runtime: Runtime, { oldOn }: Seeds): boolean {
  return isFuzz(file) && runtime !== oldOn && runsOn(file, oldOn);
}

export function seedsOf(file: string, runtime: Runtime, { present, old, oldOn }: Seeds): number[] {
  return isFuzz(file) && runtime === oldOn ? [present, ...old] : [present];
}

/**
 * Counts the tests of a file whose program is missing, on Node. It runs them, because no runner
 * lists tests without: most fail at once, and how the others end is not looked at.
 */
export function countingJobOf(file: string, runtime: Runtime): Job {
  const job = jobOf(file, runtime);
  return { ...job, ...start(file, "node", job.report, process.execPath) };
}

function start(
  file: string,
  runtime: Runtime,
  report: string,
  program: string,
): Pick<Job, "command" | "args"> {
  if (runtime === "bun") {
    const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
    return {
      command: "node_modules/.bin/bun",
      args: ["test", "--timeout", "300000", ...reporter, `./${file}`],
    };
  }
  if (runtime === "deno") {
    const flags = ["--allow-all", "--no-check", `--junit-path=${report}`];
    return { command: "node_modules/.bin/deno", args: ["test", ...flags, file] };
  }
  const reporters = [
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=junit",
    `--test-reporter-destination=${report}`,
  ];
  return {
    command: program,
    args: [...reporters, `dist/js/${file.replace(/\.ts$/, ".js")}`],
  };
}
