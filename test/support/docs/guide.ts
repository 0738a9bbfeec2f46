import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { cloneTo, commitAll } from "../deploy/clone.ts";
import { findProgram, nodeProgram, Program } from "../process/spawn.ts";
import { within } from "../process/wait.ts";
import { blocksOf } from "./docs.ts";

/** The line that begins a block of commands that nobody runs here. It says why. */
const notRun = /^# Not run: \S.*\.$/;
const commandMsMax = 120_000;

/** The guides of the repository, by path. */
export const guides: readonly string[] = readdirSync("docs/guides")
  .filter((name) => name !== "README.md")
  .map((name) => `docs/guides/${name}`);

/** The commands of a page that are to be run, in their order. */
export function commandsOf(page: string): string[] {
  const blocks = blocksOf(page).filter(({ language }) => language === "sh");
  const run = blocks.filter(({ body }) => !notRun.test(body.split("\n")[0] ?? ""));
  return run.flatMap(({ body }) => body.split("\n").filter((line) => !line.startsWith("#")));
}

/** For a test's `skip`: what is missing to run guides on their own ports. */
export function skipGuides(): string | false {
  if (process.getuid?.() !== 0) return "only root can make network namespaces";
  return findProgram("ip") === undefined ? "ip is not installed" : false;
}

/** What a command writes once it is up, for commands that run until they are ended. */
const services: readonly (readonly [command: RegExp, up: RegExp])[] = [
  [/^(npm start|npm run serve|npx websocket-service (dev|serve))/, /"event":"started"/],
  [/^npx bun examples\/first-app\//, /^open http:/],
  [/^websocket-service (dev|serve)(?!.*--check-config)/, /"event":"started"/],
];

/** Runs commands of a guide where the usual ports are free and nothing can be reached outside. */
export class GuideRun {
  readonly #network = `wss-guide-${process.pid}`;
  readonly #folder = mkdtempSync(join(tmpdir(), "wss-guide-"));
  /** Where the commands run: nothing that they build disturbs another test. */
  readonly #clone = join(this.#folder, "clone");
  readonly #running: Program[] = [];

  async start(): Promise<void> {
    cloneTo(this.#clone);
    await commitAll(this.#clone);
    await this.#finish("ip", ["netns", "add", this.#network]);
    await this.#finish("ip", ["-n", this.#network, "link", "set", "lo", "up"]);
    const shim = join(this.#folder, "websocket-service");
    const gateway = resolve("dist/websocket-service.js");
    writeFileSync(shim, `#!/bin/sh\nexec ${nodeProgram()} ${gateway} "$@"\n`);
    chmodSync(shim, 0o755);
  }

  /** Starts a command of the page there. */
  program(command: string): Program {
    const env = { PATH: `${this.#folder}:${process.env.PATH}`, WSS_LOG_FORMAT: "json" };
    const words = ["netns", "exec", this.#network, "bash", "-c", command];
    const program = new Program("ip", words, { env, cwd: this.#clone });
    this.#running.push(program);
    return program;
  }

  /** Runs a command to its end, or until it is up where it goes on. Returns what it wrote. */
  async run(command: string): Promise<Program> {
    const program = this.program(command);
    const up = services.find(([pattern]) => pattern.test(command))?.[1];
    if (up !== undefined) {
      await program.line((line) => up.test(line) || undefined, `${command} is up`);
      return program;
    }
    const { code } = await within(program.exited, { deadline: commandMsMax, what: command });
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${program.output}`);
    return program;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#finish("sh", ["-c", `ip netns pids ${this.#network} | xargs -r kill -9`]);
    for (const program of this.#running) await program.exited;
    await this.#finish("ip", ["netns", "del", this.#network]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #finish(command: string, args: readonly string[]): Promise<void> {
    const program = new Program(command, args);
    const { code } = await program.exited;
    if (code !== 0) throw new Error(`${command} ${args.join(" ")}:\n${program.output}`);
  }
}
