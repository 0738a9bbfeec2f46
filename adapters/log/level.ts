import type { LogLevel } from "../../core/ports/mod.ts";

const order: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Whether `level` is at least as severe as `least`. */
export function reaches(level: LogLevel, least: LogLevel): boolean {
  return order[level] >= order[least];
}

export interface LoggerOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  /** Writes one line, which ends with a newline. Must not throw. */
  readonly write: (line: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
