import type { Clock, LogFields, Logger, LogLevel } from "../../core/ports/mod.ts";

const windowMs = 1_000;

interface Window {
  since: number;
  lines: number;
  /** Suppressed lines that no line has counted yet. */
  kept: number;
}

/**
 * Never suppressed: `--log-connections` asks for one line for each connection, and an audit for
 * one of each action.
 */
const unlimited: ReadonlySet<string> = new Set([
  "connection-opened",
  "connection-closed",
  "admin-action",
]);

/**
 * Limits the lines per second with the same event and code, so that clients cannot fill a disk. A
 * line afterwards says how many were suppressed. It wraps the logger that writes.
 */
export class LogLimiter implements Logger {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #linesMax: number;
  /** By event and code. Both come from the source, so the map stays small. */
  readonly #windows = new Map<string, Window>();

  constructor(logger: Logger, clock: Clock, linesPerSecondMax: number) {
    this.#logger = logger;
    this.#clock = clock;
    this.#linesMax = linesPerSecondMax;
  }

  enabled(level: LogLevel, event: string): boolean {
    return this.#logger.enabled(level, event);
  }

  log(level: LogLevel, event: string, message: string, fields?: LogFields): void {
    if (!this.enabled(level, event)) return;
    if (unlimited.has(event) && !isOfStranger(fields)) {
      this.#logger.log(level, event, message, fields);
      return;
    }
    const key = `${event} ${fields?.code ?? ""}`;
    const now = this.#clock.ticks();
    const window = this.#windows.get(key) ?? { since: now, lines: 0, kept: 0 };
    this.#windows.set(key, window);
    if (now - window.since >= windowMs) {
      window.since = now;
      window.lines = 0;
    }
    if (window.lines >= this.#linesMax) {
      window.kept++;
      // A timer, because no further line may follow the burst.
      if (window.kept === 1) {
        this.#clock.after(windowMs, () => this.#logSuppressed(level, event, window, fields?.code));
      }
      return;
    }
    window.lines++;
    this.#logger.log(level, event, message, fields);
  }

  #logSuppressed(level: LogLevel, event: string, window: Window, code: LogFields[string]): void {
    const { kept } = window;
    window.kept = 0;
    this.#logger.log(level, event, `${kept} more lines with this event and code were suppressed`, {
      code,
      kept,
    });
  }
}

/** An action that somebody asked for who was not recognised: anybody may send such requests. */
function isOfStranger(fields: LogFields | undefined): boolean {
  return fields?.who === "";
}
