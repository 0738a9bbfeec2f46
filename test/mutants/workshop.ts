import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { jobOf, type Runtime } from "../support/run/plan.ts";
import type { Processes } from "../support/run/process.ts";
import { applied, type Mutant, staleness } from "./mutant.ts";

/**
 * A mutant may make a test hang, which is a way to be found: after so many times what the test
 * takes without it, within these bounds.
 */
const hangFactor = 20;
const fileMsMin = 30_000;
const fileMsMax = 240_000;

/** What became of one mutant. */
export interface Result {
  readonly mutant: Mutant;
  /** The test file that failed; undefined: the mutant survives. */
  readonly killedBy: string | undefined;
  /** Why it could not be tried. */
  readonly fault?: string;
}

const logLinesMax = 25;

function runtimeOf(test: string): Runtime {
  return /\.(?:once|node)\.test\.ts$/.test(test) ? "node" : "bun";
}

/** A copy of the project in which one fault after the other is tried. */
export class Workshop {
  readonly #folder: string;
  readonly #processes: Processes;
  /** What passes without any mutant, so that its failure says something, and its time in ms. */
  readonly #sound: Map<string, number | undefined> = new Map();
  /** What was killed, without any mutant, before it could end. */
  readonly #late: Set<string> = new Set();
  #built = true;

  constructor(folder: string, processes: Processes) {
    this.#folder = folder;
    this.#processes = processes;
    const list = ["ls-files", "--cached", "--others", "--exclude-standard"];
    for (const path of execFileSync("git", list, { encoding: "utf8" }).trim().split("\n")) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      cpSync(path, join(folder, path));
    }
    const programs = ["dist/websocket-service.js", "dist/websocket-service-tracing.js"];
    for (const built of ["dist/js", "dist/lib", ...programs]) {
      cpSync(built, join(folder, built), { recursive: true });
    }
    mkdirSync(join(folder, "dist/test-logs"), { recursive: true });
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  }

  /** Tries one mutant with the tests that it names, until one fails. */
  async try(mutant: Mutant, tests: readonly string[]): Promise<Result> {
    for (const test of tests) {
      if (await this.#isSound(test)) continue;
      return { mutant, killedBy: undefined, fault: this.#unsound(test) };
    }
    const path = join(this.#folder, mutant.file);
    const source = readFileSync(path, "utf8");
    const stale = staleness(mutant, source);
    if (stale !== undefined) return { mutant, killedBy: undefined, fault: stale };
    writeFileSync(path, applied(mutant, source));
    this.#built = false;
    let killedBy: string | undefined;
    for (const test of tests) {
      const ms = this.#sound.get(test) ?? fileMsMax;
      const deadlineMs = Math.min(fileMsMax, Math.max(fileMsMin, hangFactor * ms));
      if ((await this.#end(test, deadlineMs)).exitCode === 0) continue;
      killedBy = test;
      break;
    }
    writeFileSync(path, source);
    this.#built = false;
    return { mutant, killedBy };
  }

  #unsound(test: string): string {
    if (this.#late.has(test)) return `${test} takes longer than ${fileMsMax / 1_000} s here`;
    const log = readFileSync(join(this.#folder, jobOf([test], runtimeOf(test)).log), "utf8");
    const shown = log.trimEnd().split("\n").slice(-logLinesMax).join("\n");
    return `${test} fails without any mutant:\n${shown}`;
  }

  async #isSound(test: string): Promise<boolean> {
    if (!this.#sound.has(test)) {
      if (runtimeOf(test) === "node") await this.#build();
      const start = performance.now();
      const { exitCode, late } = await this.#end(test, fileMsMax);
      if (late) this.#late.add(test);
      this.#sound.set(test, exitCode === 0 ? performance.now() - start : undefined);
    }
    return this.#sound.get(test) !== undefined;
  }

  /** Bun runs the sources themselves; what is for Node alone has to be built before. */
  async #end(test: string, deadlineMs: number): ReturnType<Processes["run"]> {
    const runtime = runtimeOf(test);
    if (runtime === "node") await this.#build();
    const { command, args, log } = jobOf([test], runtime);
    return this.#run(command, args, { log, deadlineMs });
  }

  async #build(): Promise<void> {
    if (this.#built) return;
    // A type error does not matter, so nobody looks for one.
    for (const config of [".", ".ci/tsconfig.library.json"]) {
      const args = ["-p", config, "--noCheck"];
      await this.#run("node_modules/.bin/tsc", args, { log: "dist/test-logs/build.log" });
    }
    const bundle = 'import("./.ci/package.mjs").then(({ packageServer }) => packageServer())';
    await this.#run(process.execPath, ["-e", bundle], { log: "dist/test-logs/bundle.log" });
    this.#built = true;
  }

  #run(
    command: string,
    args: readonly string[],
    { log, deadlineMs = fileMsMax }: { readonly log: string; readonly deadlineMs?: number },
  ): ReturnType<Processes["run"]> {
    const cwd = this.#folder;
    const options = { log: join(cwd, log), deadlineMs, cwd };
    return this.#processes.run(command, args, options);
  }
}
