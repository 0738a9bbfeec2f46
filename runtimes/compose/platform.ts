import { assert } from "../../core/base/mod.ts";
import type { ClientServer, ClientServerOptions } from "../server/mod.ts";

export type Engine = "native" | "wasm";

/** What differs between the runtimes: the entry file of each passes its own. */
export interface Platform {
  readonly name: "bun" | "deno" | "node";
  /** Engines that this runtime has; the first is the one that `auto` means. */
  readonly engines: readonly Engine[];
  startServer(engine: Engine, options: ClientServerOptions): Promise<ClientServer>;
  /** Undefined where there is no source file to run (a single executable). */
  watch(sourceFile: string): Watch | undefined;
}

/** How a source file is run, and run again when it changes. */
export interface Watch {
  /** Arguments for this executable. */
  readonly command: readonly string[];
  /** Ends both the program and who watches it, once the program's own handler is done. */
  readonly signal: NodeJS.Signals;
}

/** The engine that a setting means here. Where there is no such engine, it is the first. */
export function engineOf({ engines }: Platform, wanted: "auto" | Engine): Engine {
  const found = engines.find((engine) => engine === wanted) ?? engines[0];
  assert(found, "a runtime has an engine");
  return found;
}
