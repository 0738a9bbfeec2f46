import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { hasEnded, killAtExit } from "./kill-at-exit.ts";
import { patience, within } from "./wait.ts";

export { freePort } from "./free-port.ts";

export const bunProgram = "node_modules/.bin/bun";
export const denoProgram = "node_modules/.bin/deno";

/** The file that the build has made of a program (.ci/programs.mjs), or else its source. */
export function builtProgram(name: string, source: string): string {
  const built = `dist/programs/${name}/main.js`;
  return existsSync(built) ? built : source;
}

/** Node's program, whichever runtime the test itself runs on. */
export function nodeProgram(): string {
  const isNode = !process.versions.bun && !process.versions.deno;
  return isNode ? process.execPath : (findProgram("node") ?? "node");
}

/** Every version of Node.js that is here for the tests, this one first. */
export function nodePrograms(): string[] {
  const folder = "dist/nodejs";
  const majors = existsSync(folder) ? readdirSync(folder).sort() : [];
  const name = `node-${process.platform}-${process.arch}`;
  const further = majors.map((major) => resolve(folder, major, "node_modules", name, "bin/node"));
  return [nodeProgram(), ...further.filter(existsSync)];
}

/** Programs that tests take for missing, for whoever wants to see what becomes of such a run. */
const hidden: readonly string[] = (process.env.TEST_WITHOUT ?? "").split(",");

/** A program on the search path, or where Debian puts servers; undefined where there is none. */
export function findProgram(name: string): string | undefined {
  if (hidden.includes(name)) return undefined;
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/bin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** For a test's `skip`: false where the program is there, else the reason. */
export function skipWithout(name: string): string | false {
  return findProgram(name) === undefined ? `${name} is not installed` : false;
}

/** A Python that has the modules that an origin in Python needs; undefined where there is none. */
export function findPython(): string | undefined {
  if (hidden.includes("python3")) return undefined;
  const script = "import paho.mqtt.client, msgpack";
  return ["/usr/bin/python3", "python3"].find(
    (program) => spawnSync(program, ["-c", script]).status === 0,
  );
}

export interface SpawnOptions {
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** It reads what `write` is given; otherwise its standard input is empty. */
  readonly reads?: boolean;
}

/** How a program ended: one of the two is null. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Waiting for a line of a program: Deno may compile first, on a busy machine. */
const lineMsMax = 30_000;

/** A program that a test started: its output line by line, and its end. */
export class Program {
  /** Everything it wrote so far, on both streams. */
  readonly lines: string[] = [];
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #exit: Exit | undefined;

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.#child = spawn(command, args, {
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0", ...options.env },
      stdio: [options.reads === true ? "pipe" : "ignore", "pipe", "pipe"],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const { pid } = this.#child;
    killAtExit(pid);
    this.#child.once("exit", () => hasEnded(pid));
    this.#read(this.#child.stdout);
    this.#read(this.#child.stderr);
    this.exited = new Promise((resolve) => {
      const end = (exit: Exit): void => {
        this.#exit ??= exit;
        this.#wake();
        resolve(this.#exit);
      };
      this.#child.once("error", (error) => {
        this.lines.push(error.message);
        end({ code: 127, signal: null });
      });
      this.#child.once("close", (code, signal) => end({ code, signal }));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get output(): string {
    return this.lines.join("\n");
  }

  /** How it ended; undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** For whoever waits for what it does: an error with all that it wrote, where it has ended. */
  mustRun(what: string): void {
    const { code, signal } = this.#exit ?? {};
    if (this.#exit === undefined) return;
    throw new Error(`ended with ${code ?? signal}, without ${what}:\n${this.output}`);
  }

  /** The first line, written or yet to come, for which `match` gives something. */
  async line<Found>(match: (line: string) => Found | undefined, what: string): Promise<Found> {
    const begun = Date.now();
    for (let seen = 0; ; ) {
      for (; seen < this.lines.length; seen += 1) {
        const found = match(this.lines[seen] ?? "");
        if (found !== undefined) return found;
      }
      this.mustRun(what);
      const deadline = Math.max(0, lineMsMax - (Date.now() - begun) / patience());
      await within(this.#news(), { what: `${what}; so far:\n${this.output}`, deadline });
    }
  }

  /** Writes a line to its standard input. */
  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    if (this.#exit === undefined) this.#child.kill(signal);
  }

  /** Asks it to end and waits until it has; kills it when it takes longer than 20 s. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    this.kill(signal);
    try {
      return await within(this.exited, { deadline: 20_000, what: "the end of a program" });
    } catch (error) {
      this.kill("SIGKILL");
      throw new Error(`${(error as Error).message}\n${this.output}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.exited;
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #read(stream: NodeJS.ReadableStream | null): void {
    let rest = "";
    stream?.setEncoding("utf8");
    stream?.on("data", (chunk: string) => {
      const parts = `${rest}${chunk}`.split("\n");
      rest = parts.pop() ?? "";
      this.lines.push(...parts);
      this.#wake();
    });
    stream?.on("end", () => {
      if (rest !== "") this.lines.push(rest);
      this.#wake();
    });
  }
}
