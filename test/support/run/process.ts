import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { childSeconds } from "./processor.ts";

export interface Ended {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  readonly seconds: number;
  /** Of a processor, its own and of what it started and waited for. */
  readonly processorSeconds: number;
  /** It was killed because it took too long. */
  readonly late: boolean;
  /** It was killed because its work was done and it did not end. */
  readonly stuck: boolean;
}

export interface ProcessOptions {
  readonly log: string;
  readonly deadlineMs: number;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs; here by default. */
  readonly cwd?: string;
  /** For a program that may not end after its work: whether the work is done. Asked at times. */
  readonly isDone?: () => boolean;
  /** How long it may take to end after that. */
  readonly endMs?: number;
}

/** Node.js needs seconds to end where the machine is busy. */
const endMsByDefault = 30_000;

// Logs are read by programs: no colours (Deno takes any FORCE_COLOR for a yes), and no stack
// traces of Deno's own code.
const { FORCE_COLOR: _, ...inherited } = process.env;
const environment = { ...inherited, NO_COLOR: "1", RUST_BACKTRACE: "0" };

/** Programs run into log files, each in a process group of its own. */
export class Processes {
  readonly #running = new Set<() => void>();
  #childSeconds = childSeconds();

  /** Resolves when the program ended, or when the deadline killed its whole group. */
  run(command: string, args: readonly string[], options: ProcessOptions): Promise<Ended> {
    const started = performance.now();
    const log = createWriteStream(options.log);
    const child = spawn(command, args, {
      detached: true,
      env: { ...environment, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const killGroup = (): void => killProcessGroup(child.pid);
    this.#running.add(killGroup);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup();
    }, options.deadlineMs);
    let stuck = false;
    const watch = watchEnd(options, () => {
      stuck = true;
      killGroup();
    });
    let processorSeconds = 0;
    return new Promise((resolve) => {
      const end = (exitCode: number | null): void => {
        clearTimeout(timer);
        clearInterval(watch);
        this.#running.delete(killGroup);
        const seconds = (performance.now() - started) / 1000;
        log.end(() => resolve({ exitCode, seconds, processorSeconds, late, stuck }));
      };
      child.once("error", (error) => {
        log.write(`${command} does not run: ${error.message}\n`);
        end(127);
      });
      child.once("exit", (code) => {
        const before = this.#childSeconds;
        this.#childSeconds = childSeconds();
        processorSeconds = this.#childSeconds - before;
        // What a test started and forgot would disturb the next one.
        killGroup();
        // "close" waits for whoever still holds the pipes, and so perhaps for ever.
        const giveUp = setTimeout(() => end(code), 1_000);
        child.once("close", () => {
          clearTimeout(giveUp);
          end(code);
        });
      });
    });
  }

  /** For an interrupted run. */
  killAll(): void {
    for (const kill of this.#running) kill();
  }
}

/** Calls `kill` where a program whose work is done has not ended `endMs` later. */
function watchEnd(options: ProcessOptions, kill: () => void): NodeJS.Timeout | undefined {
  const { isDone, endMs = endMsByDefault } = options;
  if (isDone === undefined) return undefined;
  let doneAt: number | undefined;
  return setInterval(() => {
    if (doneAt === undefined) doneAt = isDone() ? performance.now() : undefined;
    else if (performance.now() - doneAt >= endMs) kill();
  }, endMs / 6);
}

function killProcessGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group is empty: everything in it has ended.
  }
}

/**
 * Works through a list in its order with `width` workers. They take items out of the list, so that
 * a second call can help with the rest of it.
 */
export async function inParallel<Item>(
  items: Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let item = items.shift(); item !== undefined; item = items.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
