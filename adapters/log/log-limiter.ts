import type { Clock, LogFields, Logger, LogLevel } from "../../core/ports/mod.ts";

const windowMs = 1_000;

interface Window {
  since: number;
  lines: number;
  /** Lines that were kept back and not told of yet. */
  kept: number;
}

/** Lines that an operator asks for, one for each connection: none of them is kept back. */
const unlimited: ReadonlySet<string> = new Set(["connection-opened", "connection-closed"]);

/**
 * Lets a few lines of each event and code through a second, and says afterwards how many it kept
 * back: input from outside must not be able to fill a disk. Counters count all of them. Every line
 * of a process passes it: it stands before the logger that writes.
 */
export class LogLimiter implements Logger {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #linesMax: number;
  /** Keyed by event and code: both are ours, so it stays small. */
  readonly #windows = new Map<string, Window>();

  constructor(logger: Logger, clock: Clock, linesPerSecondMax: number) {
    this.#logger = logger;
    this.#clock = clock;
    this.#linesMax = linesPerSecondMax;
  }

  enabled(level: LogLevel): boolean {
    return this.#logger.enabled(level);
  }

  log(level: LogLevel, event: string, message: string, fields?: LogFields): void {
    if (!this.enabled(level)) return;
    if (unlimited.has(event)) {
      this.#logger.log(level, event, message, fields);
      return;
    }
    const key = `${event} ${fields?.code ?? ""}`;
    const now = this.#clock.now();
    const window = this.#windows.get(key) ?? { since: now, lines: 0, kept: 0 };
    this.#windows.set(key, window);
    if (now - window.since >= windowMs) {
      window.since = now;
      window.lines = 0;
    }
    if (window.lines >= this.#linesMax) {
      window.kept++;
      // Told when the burst is over, though no line like it may follow.
      if (window.kept === 1) {
        this.#clock.after(windowMs, () => this.#tellKept(level, event, window, fields?.code));
      }
      return;
    }
    window.lines++;
    this.#logger.log(level, event, message, fields);
  }

  #tellKept(level: LogLevel, event: string, window: Window, code: LogFields[string]): void {
    const { kept } = window;
    window.kept = 0;
    this.#logger.log(level, event, `${kept} lines like this one were kept back`, { code, kept });
  }
}
