import { readdirSync } from "node:fs";
import { join } from "node:path";

export const runtimes = ["node", "bun", "deno"] as const;
export type Runtime = (typeof runtimes)[number];

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
}

export const logFolder = "dist/test-logs";

/** Test files below a folder, by path: `x.node.test.ts` is for Node alone, and so on. */
export function findTests(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => join(folder, path).replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".test.ts"))
    .sort();
}

export function runsOn(file: string, runtime: Runtime): boolean {
  const only = /\.(node|bun|deno)\.test\.ts$/.exec(file)?.[1];
  return only === undefined || only === runtime;
}

export function jobOf(file: string, runtime: Runtime): Job {
  const name = `${runtime}-${file.replace(/^test\//, "").replaceAll("/", "-")}`;
  const report = `${logFolder}/${name}.xml`;
  return {
    runtime,
    file,
    report,
    log: `${logFolder}/${name}.log`,
    ...start(file, runtime, report),
  };
}

function start(file: string, runtime: Runtime, report: string): Pick<Job, "command" | "args"> {
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
    ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
    ...["--test-reporter=junit", `--test-reporter-destination=${report}`],
  ];
  return {
    command: process.execPath,
    args: [...reporters, `dist/js/${file.replace(/\.ts$/, ".js")}`],
  };
}
