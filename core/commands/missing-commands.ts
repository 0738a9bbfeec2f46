import { limits } from "../base/mod.ts";
import type { Cancel, Clock, CommandSource, Logger } from "../ports/mod.ts";

interface Missing {
  items: number;
  cancel: Cancel;
}

/**
 * Logs gaps in numbered streams of commands. A restart of the broker makes gaps, which the sender
 * fills within moments: those are logged at `debug`, and lasting ones at `warn`.
 */
export class MissingCommands {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By app, sender and stream. */
  readonly #missing: Map<string, Missing> = new Map();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Items are missing before a batch; the sender was asked for them. */
  missed(source: CommandSource, stream: string, items: number): void {
    const fields = { code: "batch-gap", topic: source.topic };
    const message = `${items} items of stream ${stream} are missing; the sender was asked again`;
    this.#logger.log("debug", "commands-missing", message, fields);
    const key = keyOf(source, stream);
    const known = this.#missing.get(key);
    if (known !== undefined) {
      known.items = items;
      return;
    }
    if (this.#missing.size >= limits.missingStreamsMax) return;
    const missing: Missing = { items, cancel: () => {} };
    this.#missing.set(key, missing);
    missing.cancel = this.#clock.after(limits.missingWarnMs, () => {
      this.#missing.delete(key);
      const text = `${missing.items} items of stream ${stream} did not come when asked for again`;
      this.#logger.log("warn", "commands-missing", text, fields);
    });
  }

  /** The stream goes on without a gap. */
  came(source: CommandSource, stream: string): void {
    if (this.#missing.size === 0) return;
    const key = keyOf(source, stream);
    this.#missing.get(key)?.cancel();
    this.#missing.delete(key);
  }
}

function keyOf({ app, sender }: CommandSource, stream: string): string {
  return `${app} ${sender} ${stream}`;
}
