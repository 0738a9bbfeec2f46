import { after } from "node:test";
import {
  builtProgram,
  bunProgram,
  denoProgram,
  nodeProgram,
  Program,
  type SpawnOptions,
} from "../process/spawn.ts";
import { type GatewayRuntime, gatewayRuntimes } from "./combinations.ts";

export {
  anyCombination,
  combinations,
  type GatewayRuntime,
  gatewayRuntimes,
} from "./combinations.ts";

export interface GatewayOptions extends SpawnOptions {
  /** What runs the gateway, not the test. */
  readonly runtime?: GatewayRuntime;
  readonly command?: "serve" | "dev" | "bridge";
  /** Flags after those that pick free ports; a later flag of the same name counts. */
  readonly flags?: readonly string[];
  /** Its limit of open files, as `ulimit -n` sets it. */
  readonly openFilesMax?: number;
  /** The caller ends it: for a gateway that is started in a hook and serves several tests. */
  readonly kept?: boolean;
}

export interface CommandOptions extends SpawnOptions {
  /** The first of those that are looked at by default. */
  readonly runtime?: GatewayRuntime | undefined;
}

/** What the line says that a gateway logs when it is up. */
export interface Started {
  readonly port: number;
  readonly adminPort: number;
  readonly brokerPort?: number;
  readonly servicePort?: number;
  readonly workers?: number;
  readonly node: string;
  readonly runtime: string;
  readonly engine: string;
  readonly broker: string;
  readonly app: string;
}

/**
 * The program and its first arguments. On Bun and Deno this is the source in one file, where the
 * build has made one (.ci/programs.mjs): it starts faster, and the tests start hundreds.
 */
export function gatewayCommand(runtime: GatewayRuntime): readonly [string, ...string[]] {
  return commandOf(runtime, builtProgram(runtime, sourceOf(runtime)));
}

/** The same as `npm run serve…` starts it: for tests of the start itself. */
export function sourceCommand(runtime: GatewayRuntime): readonly [string, ...string[]] {
  return commandOf(runtime, sourceOf(runtime));
}

const sourceOf = (runtime: GatewayRuntime): string => `runtimes/${runtime}/main.ts`;

/** A command of the program, such as `doctor`; it is killed with the test that starts it. */
export function spawnCommand(
  words: readonly string[],
  { runtime = gatewayRuntimes[0] ?? "node", ...options }: CommandOptions = {},
): Program {
  const [program, ...first] = gatewayCommand(runtime);
  const running = new Program(program, [...first, ...words], options);
  after(() => running[Symbol.asyncDispose]());
  return running;
}

function commandOf(runtime: GatewayRuntime, file: string): readonly [string, ...string[]] {
  if (runtime === "bun") return [bunProgram, file];
  if (runtime === "node") return [nodeProgram(), "dist/websocket-service.js"];
  return [denoProgram, "run", "--quiet", "--no-check", "--allow-all", file];
}

/** A gateway in a process of its own. */
export class GatewayProcess extends Program {
  readonly started: Promise<Started>;

  constructor(command: string, args: readonly string[], options: SpawnOptions) {
    super(command, args, options);
    this.started = this.event("started") as Promise<unknown> as Promise<Started>;
    // Whoever tests that it does not start looks at `exited` alone.
    this.started.catch(() => {});
  }

  /** The first JSON log line of that event, written or yet to come. */
  event(name: string): Promise<Record<string, unknown>> {
    return this.line((line) => {
      const parsed = parseLine(line);
      return parsed?.event === name ? parsed : undefined;
    }, `the log line "${name}"`);
  }

  /** Every JSON log line so far. */
  get log(): Record<string, unknown>[] {
    return this.lines.map(parseLine).filter((line) => line !== undefined);
  }
}

function parseLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** A process runs in the repo's root, and is killed after the tests if it still runs. */
export function spawnGateway(options: GatewayOptions = {}): GatewayProcess {
  const [program, ...first] = limited(gatewayCommand(options.runtime ?? "bun"), options);
  const ports = ["--port", "0", "--admin-port", "0"];
  const flags = [...ports, ...(options.flags ?? [])];
  const gateway = new GatewayProcess(program, [...first, options.command ?? "serve", ...flags], {
    ...options,
    env: { WSS_BROKER_PORT: "0", WSS_LOG_FORMAT: "json", ...options.env },
  });
  if (options.kept !== true) after(() => gateway[Symbol.asyncDispose]());
  return gateway;
}

function limited(
  command: readonly [string, ...string[]],
  { openFilesMax }: GatewayOptions,
): readonly [string, ...string[]] {
  if (openFilesMax === undefined) return command;
  return ["sh", "-c", `ulimit -n ${openFilesMax}; exec "$@"`, "sh", ...command];
}

/** Starts a gateway and waits until it is up. */
export async function startGateway(
  options: GatewayOptions = {},
): Promise<GatewayProcess & { readonly info: Started }> {
  const gateway = spawnGateway(options);
  return Object.assign(gateway, { info: await gateway.started });
}
