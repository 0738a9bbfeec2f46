import type { LogFields, Logger, LogLevel } from "../../core/ports/mod.ts";

/** Adds fields to each line: which of several processes that share an output has written it. */
export class WithFields implements Logger {
  readonly #logger: Logger;
  readonly #fields: LogFields;

  constructor(logger: Logger, fields: LogFields) {
    this.#logger = logger;
    this.#fields = fields;
  }

  log(level: LogLevel, event: string, message: string, fields: LogFields = {}): void {
    this.#logger.log(level, event, message, { ...fields, ...this.#fields });
  }

  enabled(level: LogLevel, event: string): boolean {
    return this.#logger.enabled(level, event);
  }
}
