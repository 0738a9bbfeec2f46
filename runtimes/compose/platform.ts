import { assert } from "../../core/base/mod.ts";
import type { ClientServer, ClientServerOptions } from "../server/mod.ts";

export type Engine = "native" | "wasm";

/** What differs between the runtimes. The entry file of each runtime passes its own. */
export interface Platform {
  readonly name: "bun" | "deno" | "node";
  /** The engines of this runtime. The first one is `auto`. */
  readonly engines: readonly Engine[];
  startServer(engine: Engine, options: ClientServerOptions): Promise<ClientServer>;
  /** How to run a source file; undefined in a single executable, which has none. */
  watch(sourceFile: string): Watch | undefined;
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
