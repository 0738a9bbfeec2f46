import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface MosquittoOptions {
  /** Names and passwords; without them everybody is let in. */
  readonly users?: Readonly<Record<string, string>>;
  /** Further lines of `mosquitto.conf`. */
  readonly config?: readonly string[];
  /** A fixed port; a free one where undefined. */
  readonly port?: number;
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") reject(new Error("no port"));
        else resolve(address.port);
      });
    });
  });
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

/** Debian's mosquitto on a port of 127.0.0.1, with a configuration in a directory of its own. */
export class Mosquitto {
  readonly port: number;
  readonly #directory: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, directory: string) {
    this.port = port;
    this.#directory = directory;
  }

  /** Starts a broker and waits until it accepts connections. */
  static async start(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const directory = await mkdtemp(join(tmpdir(), "wss-mosquitto-"));
    const port = options.port ?? (await freePort());
    const lines = [
      `listener ${port} 127.0.0.1`,
      "set_tcp_nodelay true",
      "max_inflight_messages 1000",
      "max_queued_messages 0",
      "persistence false",
      "log_type error",
      // Started as root it would otherwise give up the right to read its own files here.
      "user root",
    ];
    if (options.users === undefined) {
      lines.push("allow_anonymous true");
    } else {
      const file = join(directory, "passwords");
      const entries = Object.entries(options.users).map(([name, word]) => `${name}:${word}\n`);
      await writeFile(file, entries.join(""), { mode: 0o600 });
      const hashing = spawn("/usr/bin/mosquitto_passwd", ["-U", file], { stdio: "ignore" });
      await exited(hashing);
      lines.push("allow_anonymous false", `password_file ${file}`);
    }
    lines.push(...(options.config ?? []), "");
    await writeFile(join(directory, "mosquitto.conf"), lines.join("\n"));
    const broker = new Mosquitto(port, directory);
    await broker.restart();
    return broker;
  }

  /** The broker's URL, with credentials where given. */
  url(user?: string, password?: string): string {
    const credentials = user === undefined ? "" : `${user}:${password ?? ""}@`;
    return `mqtt://${credentials}127.0.0.1:${this.port}`;
  }

  /** Starts it on the same port, after `stop` or `kill`. */
  async restart(): Promise<void> {
    const child = spawn("/usr/sbin/mosquitto", ["-c", join(this.#directory, "mosquitto.conf")], {
      stdio: "ignore",
    });
    this.#child = child;
    const deadline = Date.now() + 10_000;
    while (!(await canConnect(this.port))) {
      if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
      if (Date.now() > deadline) throw new Error("mosquitto does not accept connections");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Reads its configuration and its rules anew; clients stay connected. */
  reload(): void {
    this.#child?.kill("SIGHUP");
  }

  /** It stands still, and its connections stay. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  /** It goes on after `pause`. */
  resume(): void {
    this.#child?.kill("SIGCONT");
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
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    child.kill(signal);
    await exited(child);
  }
}
