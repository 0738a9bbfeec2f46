import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Beside this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** What is printed of the line that shows that the program is ready; undefined: another line. */
  readonly ready: (line: string) => string | undefined;
  /** What is printed of any other line; undefined: nothing. */
  readonly shown?: (line: string) => string | undefined;
}

/** Programs in processes of their own, by name. */
export class Programs {
  readonly #options: Map<string, ProgramOptions> = new Map();
  readonly #running: Map<string, ChildProcess> = new Map();

  /** Starts a program and resolves to what is printed when it is ready. */
  async start(name: string, options: ProgramOptions): Promise<string> {
    this.#options.set(name, options);
    const { command, args, ready, shown = (line) => line } = options;
    // Debian puts servers where not everybody looks for programs.
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin`, ...options.env };
    const where = options.cwd === undefined ? {} : { cwd: options.cwd };
    const child = spawn(command, args, { ...where, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#running.set(name, child);
    const print = (text: string | undefined): void => {
      if (text !== undefined) console.log(`${name}: ${text}`);
    };
    return new Promise((resolve, reject) => {
      let isReady = false;
      const read = (line: string): void => {
        const text = isReady ? undefined : ready(line);
        print(text ?? shown(line));
        if (text === undefined) return;
        isReady = true;
        resolve(text);
      };
      for (const input of [child.stdout, child.stderr])
        createInterface({ input }).on("line", read);
      child.once("error", (error) => {
        this.#running.delete(name);
        reject(new Error(`${command} could not be started: ${error.message}`));
      });
      child.once("exit", (code, signal) => {
        print(`ended with ${code ?? signal}`);
        this.#running.delete(name);
        reject(new Error(`${name} has not started`));
      });
    });
  }

  /** Of those that were started, running or not. */
  get names(): string[] {
    return [...this.#options.keys()];
  }

  /** Starts a program again that has ended. */
  async startAgain(name: string): Promise<void> {
    const options = this.#options.get(name);
    if (options !== undefined && !this.#running.has(name)) await this.start(name, options);
  }

  /** As a crash would end it. */
  kill(name: string): Promise<void> {
    return this.#end(name, "SIGKILL");
  }

  /** Ends all together, but those that the others need after the others. */
  async stop(needed: (name: string) => boolean = () => false): Promise<void> {
    const names = [...this.#running.keys()];
    const end = (name: string): Promise<void> => this.#end(name, "SIGTERM");
    await Promise.all(names.filter((name) => !needed(name)).map(end));
    await Promise.all(names.filter(needed).map(end));
  }

  async #end(name: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.#running.get(name);
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}
