import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onFreePort } from "../process/free-port.ts";
import { findProgram, Program } from "../process/spawn.ts";

export { freePort } from "../process/free-port.ts";

export interface MosquittoOptions {
  /** Names and passwords; without them everybody is let in. */
  readonly users?: Readonly<Record<string, string>>;
  /** Further lines of `mosquitto.conf`. */
  readonly config?: readonly string[];
  /** A fixed port; a free one where undefined. */
  readonly port?: number;
}

const inUse = /Address already in use/;

/**
 * Debian's mosquitto on a port of 127.0.0.1, with a configuration in a directory of its own.
 * Where it is not installed, files of tests that import this one are skipped as a whole.
 */
export class Mosquitto {
  readonly port: number;
  readonly #directory: string;
  #program: Program | undefined;

  private constructor(port: number, directory: string) {
    this.port = port;
    this.#directory = directory;
  }

  /** Starts a broker and waits until it accepts connections. */
  static async start(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const { port } = options;
    if (port !== undefined) return Mosquitto.#startOn(port, options);
    const isInUse = (error: unknown): boolean => inUse.test(String(error));
    return onFreePort((free) => Mosquitto.#startOn(free, options), isInUse);
  }

  static async #startOn(port: number, { users, config }: MosquittoOptions): Promise<Mosquitto> {
    const directory = await mkdtemp(join(tmpdir(), "wss-mosquitto-"));
    const broker = new Mosquitto(port, directory);
    const lines = [
      `listener ${port} 127.0.0.1`,
      "set_tcp_nodelay true",
      "max_inflight_messages 1000",
      "max_queued_messages 0",
      "persistence false",
      "log_dest stderr",
      "log_type error",
      // Says that it runs: a port that answers may be another one's.
      "log_type information",
      // Started as root it would otherwise give up the right to read its own files here.
      "user root",
    ];
    if (users === undefined) {
      lines.push("allow_anonymous true");
    } else {
      const file = join(directory, "passwords");
      const entries = Object.entries(users).map(([name, word]) => `${name}:${word}\n`);
      await writeFile(file, entries.join(""), { mode: 0o600 });
      await new Program("/usr/bin/mosquitto_passwd", ["-U", file]).exited;
      lines.push("allow_anonymous false", `password_file ${file}`);
    }
    lines.push(...(config ?? []), "");
    await writeFile(join(directory, "mosquitto.conf"), lines.join("\n"));
    try {
      await broker.restart();
    } catch (error) {
      await broker[Symbol.asyncDispose]();
      throw error;
    }
    return broker;
  }

  /** The broker's URL, with credentials where given. */
  url(user?: string, password?: string): string {
    const credentials = user === undefined ? "" : `${user}:${password ?? ""}@`;
    return `mqtt://${credentials}127.0.0.1:${this.port}`;
  }

  /** Of its process; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#program?.pid;
  }

  /** Starts it on the same port, after `stop` or `kill`. */
  async restart(): Promise<void> {
    const configFile = join(this.#directory, "mosquitto.conf");
    const program = findProgram("mosquitto");
    if (program === undefined) throw new Error("mosquitto is not installed");
    this.#program = new Program(program, ["-c", configFile]);
    await this.#program.line((line) => line.endsWith(" running") || undefined, "a running broker");
  }

  /** Reads its configuration and its rules anew; clients stay connected. */
  reload(): void {
    this.#program?.kill("SIGHUP");
  }

  /** It stands still, and its connections stay. */
  pause(): void {
    this.#program?.kill("SIGSTOP");
  }

  /** It goes on after `pause`. */
  resume(): void {
    this.#program?.kill("SIGCONT");
  }

  /** Ends it as an operator would: clients get a clean close. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Ends it as a crash would: no Will is sent. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Stops it and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const program = this.#program;
    if (program === undefined) return;
    this.#program = undefined;
    // It forgets a SIGTERM that comes just after it has said that it runs.
    const again = setInterval(() => program.kill(signal), 1_000);
    program.kill(signal);
    await program.exited;
    clearInterval(again);
  }
}
