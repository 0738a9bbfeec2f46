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

/** Test files below a folder, by path: `x.node.test.ts` is for Node alone, and so on. */
export function findTests(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => join(folder, path).replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".test.ts"))
    .sort();
}

export function runsOn(file: string, runtime: Runtime): boolean {
  const only = /\.(node|bun|deno)\.test\.ts$/.exec(file)?.[1];
  if (!isFurther(runtime)) return only === undefined || only === runtime;
  // Gateways on Bun and Deno are the same whichever Node.js runs the test.
  return (only === undefined || only === "node") && !/\/(?:sockets-)?(?:bun|deno)-/.test(file);
}

export const isFurther = (runtime: Runtime): boolean => /\d$/.test(runtime);

export interface JobOptions {
  /** Of a further version of Node.js. */
  readonly program?: string | undefined;
  /** For what a test throws dice. */
  readonly seed?: number;
}

export function jobOf(file: string, runtime: Runtime, options: JobOptions = {}): Job {
  const { program = process.execPath, seed } = options;
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
      ...(seed === undefined ? {} : { FUZZ_SEED: String(seed) }),
    },
    ...start(file, runtime, report, program),
  };
}

export const isFuzz = (file: string): boolean => file.startsWith("test/fuzz/");

/** The seeds of a run, and the runtime on which it tries those again that earlier runs had. */
export interface Seeds {
  readonly present: number;
  readonly old: readonly number[];
  readonly oldOn: Runtime;
}

export function seedsOf(file: string, runtime: Runtime, { present, old, oldOn }: Seeds): number[] {
  if (!isFuzz(file) || runtime !== oldOn || old.length === 0) return [present];
  // Node.js itself tries the new one, and a further version of it takes no time besides.
  return isFurther(runtime) ? [...old] : [present, ...old];
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
      args: ["test", "--timeout", "60000", ...reporter, `./${file}`],
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
