import { assert } from "../core/base/mod.ts";
import type { ClientServer, ClientServerOptions } from "./client-server.ts";

export type Engine = "native" | "wasm";

/** What differs between the runtimes: the entry file of each passes its own. */
export interface Platform {
  readonly name: "bun" | "deno" | "node";
  /** Engines that this runtime has; the first is the one that `auto` means. */
  readonly engines: readonly Engine[];
  startServer(engine: Engine, options: ClientServerOptions): Promise<ClientServer>;
  /**
   * Arguments for this executable that run a source file and run it again when it changes;
   * undefined where there is no source file to run (a single executable).
   */
  watch(sourceFile: string): readonly string[] | undefined;
}

/** The engine that a setting means here. Where there is no such engine, it is the first. */
export function engineOf({ engines }: Platform, wanted: "auto" | Engine): Engine {
  const found = engines.find((engine) => engine === wanted) ?? engines[0];
  assert(found, "a runtime has an engine");
  return found;
}
