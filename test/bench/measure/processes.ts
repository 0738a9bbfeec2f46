import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { exitAtSignals, hasEnded, killAtExit } from "../../support/process/kill-at-exit.ts";

/** Clock ticks a second in /proc: what Linux has on every architecture that these run on. */
const ticksPerSecond = 100;

exitAtSignals();

/** A process of a bench: its lines of JSON, its CPU time and memory. */
export class BenchProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(command: string, words: readonly string[]) {
    this.#child = spawn(command, words, { stdio: ["ignore", "pipe", "inherit"] });
    const { pid } = this.#child;
    killAtExit(pid);
    this.#child.once("exit", () => hasEnded(pid));
    const lines = createInterface({ input: this.#child.stdout! });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The next line that starts with `start`. */
  async line(start: string): Promise<string> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`${this.#child.spawnargs.join(" ")} ended early`);
      if (value.startsWith(start)) return value;
    }
  }

  /** The next JSON line whose `event` is this. */
  async event(name: string): Promise<Record<string, unknown>> {
    for (;;) {
      const line = JSON.parse(await this.line("{")) as Record<string, unknown>;
      if (line.event === name) return line;
    }
  }

  /** Seconds of CPU, user and system, since it began. */
  cpuSeconds(): number {
    return cpuSecondsOf(this.#child.pid);
  }

  /** The same of the processes that it has started, such as workers, in their order. */
  childrenCpuSeconds(): number[] {
    return this.children().map(cpuSecondsOf);
  }

  /** Numbers of the processes that it has started. */
  children(): number[] {
    const tasks = `/proc/${this.#child.pid}/task`;
    const pids = readdirSync(tasks).flatMap((task) =>
      readFileSync(`${tasks}/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
    return pids.sort((a, b) => a - b);
  }

  /** Bytes that are resident, of it alone. */
  residentBytes(): number {
    return residentBytesOf(this.#child.pid);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill(signal);
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}

const bun = "node_modules/.bin/bun";
const deno = "node_modules/.bin/deno";

export function residentBytesOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1_024;
}

/** Seconds of CPU, user and system, of a process since it began. */
export function cpuSecondsOf(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const counted = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  // The sum of its threads is finer than ticks, but forgets threads that have ended.
  return Math.max(counted, threadsCpuSeconds(pid));
}

function threadsCpuSeconds(pid: number | undefined): number {
  let nanoseconds = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      const [ran = 0] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ");
      nanoseconds += Number(ran);
    } catch {
      // The thread has just ended, or the kernel does not count.
    }
  }
  return nanoseconds / 1e9;
}

/** A built program of the bench, on Node. */
export function onNode(module: string, ...words: readonly string[]): BenchProcess {
  const flags = ["--expose-gc", "--enable-source-maps"];
  return new BenchProcess(process.execPath, [
    ...flags,
    `dist/js/test/bench/programs/${module}.js`,
    ...words,
  ]);
}

/** A program of the bench, on Bun. */
export function onBun(module: string, ...words: readonly string[]): BenchProcess {
  return new BenchProcess(bun, [`test/bench/programs/${module}.ts`, ...words]);
}

/** A program of the bench, on Deno. */
export function onDeno(module: string, ...words: readonly string[]): BenchProcess {
  const path = `test/bench/programs/${module}.ts`;
  return new BenchProcess(deno, ["run", "-A", "--no-check", path, ...words]);
}

/** Which gateway a bench measures. */
export interface Contestant {
  readonly runtime: "bun" | "deno" | "node";
  readonly engine: "native" | "wasm";
  /** How the origin takes its events. */
  readonly mode?: "open" | "assigned";
  /** `unmeasured`: without histograms. `counted`: what its metrics do is counted, and shown. */
  readonly program?: "unmeasured" | "counted";
}

/** A gateway as an operator starts it, but for its log. */
export function gateway(
  { runtime, engine, program: variant }: Contestant,
  broker: string,
  ...flags: readonly string[]
): BenchProcess {
  const program = variant ?? "gateway";
  const words = ["serve", "--port", "0", "--admin-port", "0", "--host", "127.0.0.1"];
  words.push("--broker", broker, "--engine", engine, "--log-format", "json", ...flags);
  if (runtime === "bun") return onBun(`${program}-bun`, ...words);
  if (runtime === "node") return onNode(`${program}-node`, ...words);
  return new BenchProcess(deno, ["run", "-A", "--no-check", "runtimes/deno/main.ts", ...words]);
}

/** The program of the package, as an operator has it: one file, without what compiles at start. */
export function packaged({ runtime, engine }: Contestant, ...flags: string[]): BenchProcess {
  const starts = { bun: [bun], deno: [deno, "run", "-A"], node: [process.execPath] } as const;
  const [command, ...words] = starts[runtime];
  const fixed = ["--port", "0", "--admin-port", "0", "--log-format", "json", "--engine", engine];
  const program = ["dist/websocket-service.js", "serve"];
  return new BenchProcess(command, [...words, ...program, ...fixed, ...flags]);
}

/** Smallest, median and largest of some figures, as text. */
export function spread(figures: readonly number[], digits: number): string {
  const sorted = [...figures].sort((a, b) => a - b);
  const show = (figure: number | undefined): string => (figure ?? Number.NaN).toFixed(digits);
  return `${show(median(sorted))} (${show(sorted[0])}–${show(sorted.at(-1))})`;
}

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
