import type { EventLoopLag } from "../../../adapters/system/mod.ts";
import { limits } from "../../../core/base/mod.ts";

/** A reason of `/healthz` if the event loop stalled a short time ago; otherwise none. */
export function stallOf(lag: EventLoopLag): readonly string[] {
  const ms = lag.longestMs();
  if (ms < limits.loopStallMs) return [];
  return [`the event loop stalled for ${Math.round(ms / 1_000)} s`];
}

/**
 * Whether the WASM codec can be trusted: it was left in the middle of a call that trapped, and its
 * memory may be inconsistent. Some runtimes answer such an error with 500 and go on.
 */
export class CodecHealth {
  #trapped = false;

  /** A handler has failed. */
  note(error: unknown): void {
    if (error instanceof WebAssembly.RuntimeError) this.#trapped = true;
  }

  get reasons(): readonly string[] {
    return this.#trapped ? ["the WASM codec has failed"] : [];
  }
}
