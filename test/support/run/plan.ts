import { readdirSync } from "node:fs";
import { join } from "node:path";
import { gatewaysVariable } from "../gateway/combinations.ts";
import { filesBehind, specifiersBehind } from "./imported.ts";

export const runtimes = ["node", "bun", "deno"] as const;
/** One of `runtimes`, or a further version of Node.js such as `node24`. */
export type Runtime = (typeof runtimes)[number] | `node${number}`;

/** Test files that one process runs on one runtime. */
export interface Job {
  readonly runtime: Runtime;
  /** Of its logs, and in the table of the slowest. */
  readonly name: string;
  readonly files: readonly string[];
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
 * whatever runs it, such as texts, or gateways on Bun and Deno. `x.nightly.test.ts` is like that,
 * and for nightly checks alone: it takes long, or downloads what nothing else needs.
 */
export function findTests(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => join(folder, path).replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".test.ts"))
    .sort();
}

/** Whether a file runs on a runtime: in each check, or in a nightly one only. */
export function runsOn(file: string, runtime: Runtime, nightly = false): boolean {
  const only = /\.(once|nightly|node|bun|deno)\.test\.ts$/.exec(file)?.[1];
  if (only === "once") return runtime === "node";
  if (only === "nightly") return nightly && runtime === "node";
  if (isFurther(runtime)) return (only ?? "node") === "node" && differs(file, runtime, nightly);
  if (only !== undefined) return only === runtime;
  return nightly || runtime === fastest || touchesRuntime(file);
}

/** Logic that touches no runtime runs here in each check: tests start and end fastest on it. */
const fastest: Runtime = "bun";

/** The language's engine compiles WASM, and sockets are the runtime's: that can always differ. */
const engines = ["test/unit/wasm/", "test/fuzz/codec", "test/fuzz/sockets", "test/runtimes/"];

/** What is the same on each runtime, or needed by every test. */
const harmless: ReadonlySet<string> = new Set([
  ...["assert/strict", "buffer", "process", "test", "timers", "v8", "vm"].map(
    (name) => `node:${name}`,
  ),
  "@msgpack/msgpack",
  "fast-check",
  "mqtt-packet",
  "valibot",
]);

/** Whether a test reaches a module of a runtime, such as `node:net`, by what it imports. */
export function touchesRuntime(file: string): boolean {
  if (engines.some((place) => file.startsWith(place))) return true;
  return [...specifiersBehind(file)].some((name) => !harmless.has(name));
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
 * Where a version has ever been different: sockets, HTTP, how a port is shared, how processes
 * start and end. The latest is looked at there in each check, and all of them everywhere in a
 * nightly one. Beside these, `programs/package.once.test.ts` runs the installed package on each.
 */
const differedOnce = [
  "runtimes/",
  "integration/gateway/",
  "integration/limits/",
  "integration/workers/",
  "unit/runtimes/framed-server/",
  "unit/runtimes/server/",
  "unit/adapters/http-client/",
];
const latest: Runtime = "node24";

function differs(file: string, runtime: Runtime, nightly: boolean): boolean {
  if (!nightly && runtime !== latest) return false;
  const places = nightly ? differsByVersion : differedOnce;
  return places.some((place) => file.startsWith(`test/${place}`)) && !isPage.test(file);
}

export const isFurther = (runtime: Runtime): boolean => /\d$/.test(runtime);

/** Such a file is skipped where mosquitto is missing. */
export const needsMosquitto = (file: string): boolean =>
  filesBehind(file).has("test/support/broker/mosquitto.ts");

/**
 * Files that share a process, by what they share: those of a room of `test/unit`. All others have
 * one of their own, because they start processes, or watch what their own needs.
 */
export function groupsOf(files: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const room = needsMosquitto(file) ? undefined : /^test\/(unit\/[^/]+)\//.exec(file)?.[1];
    const name = room ?? file.replace(/^test\//, "");
    const group = groups.get(name) ?? [];
    group.push(file);
    groups.set(name, group);
  }
  return groups;
}

export interface JobOptions {
  /** Of a further version of Node.js. */
  readonly program?: string | undefined;
  /** For what a test throws dice. */
  readonly seed?: number;
  /** All draws: for a seed that found something. */
  readonly whole?: boolean;
  /** Of the files together; by default that of the file. */
  readonly name?: string;
}

export function jobOf(files: readonly string[], runtime: Runtime, options: JobOptions = {}): Job {
  const { program = process.execPath, seed, whole = false } = options;
  const { name = (files[0] ?? "").replace(/^test\//, "") } = options;
  const kind = seed !== undefined && files.some(isFuzz) ? `-${seed}` : "";
  const path = `${logFolder}/${runtime}-${name.replaceAll("/", "-")}${kind}`;
  return {
    runtime,
    name: `${runtime} ${name}`,
    files,
    report: `${path}.xml`,
    log: `${path}.log`,
    env: {
      ...(isFurther(runtime) ? { [gatewaysVariable]: "node" } : {}),
      ...(whole || runtime === fastest ? {} : fewerDraws),
      ...(seed === undefined ? {} : { FUZZ_SEED: String(seed) }),
    },
    ...start(files, runtime, `${path}.xml`, program),
  };
}

/**
 * Files that take minutes, because their processes are stopped, killed and waited for: one of them
 * after the other runs beside the others.
 */
export const takesLong = (file: string): boolean => file.startsWith("test/faults/");

/** Others than the fastest runtime look at the engine: with the first of the same draws. */
const fewerDraws = { FUZZ_DIVISOR: "4" };

export const isFuzz = (file: string): boolean => file.startsWith("test/fuzz/");

/** The seeds of a run. The fastest runtime tries those again that found something earlier. */
export interface Seeds {
  readonly present: number;
  readonly old: readonly number[];
}

export function seedsOf(file: string, runtime: Runtime, { present, old }: Seeds): number[] {
  return isFuzz(file) && runtime === fastest ? [present, ...old] : [present];
}

function start(
  files: readonly string[],
  runtime: Runtime,
  report: string,
  program: string,
): Pick<Job, "command" | "args"> {
  if (runtime === "bun") {
    const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
    return {
      command: "node_modules/.bin/bun",
      args: ["test", "--timeout", "300000", ...reporter, ...files.map((file) => `./${file}`)],
    };
  }
  if (runtime === "deno") {
    const flags = ["--allow-all", "--no-check", `--junit-path=${report}`];
    return { command: "node_modules/.bin/deno", args: ["test", ...flags, ...files] };
  }
  const reporters = [
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=junit",
    `--test-reporter-destination=${report}`,
  ];
  const built = files.map((file) => `dist/js/${file.replace(/\.ts$/, ".js")}`);
  // Node.js 20 has no `--test-isolation=none`.
  const together = "dist/js/test/support/run/together.js";
  return {
    command: program,
    args: [...reporters, ...(built.length > 1 ? [together] : []), ...built],
  };
}
