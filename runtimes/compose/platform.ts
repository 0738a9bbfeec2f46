import type { ChildProcess } from "node:child_process";
import { assert } from "../../core/base/mod.ts";
import type { ClientServer, ClientServerOptions } from "../server/mod.ts";

export type Engine = "native" | "wasm";

/** What differs between the runtimes. The entry file of each runtime passes its own. */
export interface Platform {
  readonly name: "bun" | "deno" | "node";
  /** Turns of the event loop over which clients that connect at once come in; 0 if absent. */
  readonly turnsOfBurst?: number;
  /** The engines of this runtime. The first one is `auto`. */
  readonly engines: readonly Engine[];
  startServer(engine: Engine, options: ClientServerOptions): Promise<ClientServer>;
  /** How to run a source file; undefined in a single executable, which has none. */
  watch(sourceFile: string): Watch | undefined;
  readonly workers: WorkerPlatform;
}

/** A port that the system gives to no other program until it is released. */
export interface HeldPort {
  readonly port: number;
  release(): void;
}

/** How a runtime has several processes on one client port. */
export interface WorkerPlatform {
  /** Why it cannot have them here; undefined if it can. */
  readonly refusal: string | undefined;
  /**
   * Starts this program as a worker. The process has the standard output of this one, and a
   * channel: `child.send` here and `process.send` there.
   */
  start(): ChildProcess;
  /**
   * Holds a free port for workers that cannot share one which the first of them was given, as
   * those of `node:cluster`. Undefined if that is not possible at this address.
   */
  holdPort?(host: string): HeldPort | undefined;
}

/** The word of the command line that makes a process a worker. It is for supervisors alone. */
export const workerCommand = "worker";

/** Bun and Deno share a port by SO_REUSEPORT, which spreads connections on Linux alone. */
export function reusePortRefusal(system: string): string | undefined {
  if (system === "linux") return undefined;
  return `--workers needs Linux on this runtime, and this is ${system}: use Node.js`;
}

/** How a source file is run, and restarted when it changes. */
export interface Watch {
  /** Arguments of the runtime's executable. */
  readonly command: readonly string[];
  /** The signal that ends both the watcher and the program, after the program's own handler. */
  readonly signal: NodeJS.Signals;
}

/** The engine that `--engine` selects; the first one if the runtime does not have it. */
export function engineOf({ engines }: Platform, wanted: "auto" | Engine): Engine {
  const found = engines.find((engine) => engine === wanted) ?? engines[0];
  assert(found, "a runtime has an engine");
  return found;
}
