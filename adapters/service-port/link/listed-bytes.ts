import type { Command } from "../../http-wire/mod.ts";
import { type CommandResult, serviceLimits } from "../base/mod.ts";

/** Bounds the results of a request's queries, which may list any number of connections. */
export class ListedBytes {
  #bytes = 0;

  get isFull(): boolean {
    return this.#bytes > serviceLimits.resultsBytesMax;
  }

  /** The result, or an error in its place if the answer has no room for it. */
  bounded(command: Command, result: CommandResult): CommandResult {
    if (command.verb !== "query") return result;
    if (!this.isFull) this.#bytes += charsOf(result);
    return this.isFull ? { error: "batch-too-big" } : result;
  }
}

function charsOf(result: CommandResult): number {
  try {
    return JSON.stringify(result).length;
  } catch {
    // It is longer than a string can be.
    return Number.POSITIVE_INFINITY;
  }
}
