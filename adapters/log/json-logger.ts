import type { LogFields, Logger, LogLevel } from "../../core/ports/mod.ts";
import { type LoggerOptions, reaches } from "./level.ts";
import { redact, redactText } from "./redact.ts";

const ownNames = new Set(["at", "level", "event", "message"]);

/** Writes JSON lines: `{"at":…,"level":…,"event":…,"message":…, fields…}`. */
export class JsonLogger implements Logger {
  readonly #options: LoggerOptions;

  constructor(options: LoggerOptions) {
    this.#options = options;
  }

  log(level: LogLevel, event: string, message: string, fields: LogFields = {}): void {
    if (!reaches(level, event, this.#options)) return;
    const line: Record<string, unknown> = {
      at: new Date(this.#options.now()).toISOString(),
      level,
      event,
      message: redactText(message),
    };
    for (const [name, value] of Object.entries(fields)) {
      // A field must not replace the line's own level or time.
      const key = ownNames.has(name) ? `${name}_` : name;
      line[key] = typeof value === "string" ? redact(name, value) : value;
    }
    this.#options.write(`${JSON.stringify(line)}\n`);
  }

  enabled(level: LogLevel, event: string): boolean {
    return reaches(level, event, this.#options);
  }
}
