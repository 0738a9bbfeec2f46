import type { LogLevel } from "../../core/ports/mod.ts";

const order: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Whether a line of this level and event is written. */
export function reaches(
  level: LogLevel,
  event: string,
  { level: all, categories }: Pick<LoggerOptions, "level" | "categories">,
): boolean {
  const least = categories === undefined ? all : (categories[firstWord(event)] ?? all);
  return order[level] >= order[least];
}

/** The category of an event: `broker` of `broker-lost`. */
function firstWord(event: string): string {
  const end = event.indexOf("-");
  return end < 0 ? event : event.slice(0, end);
}

export interface LoggerOptions {
  /** The lowest level that is written. It is read for each line, and may change. */
  level: LogLevel;
  /** The same by category, the first word of an event. */
  categories?: Readonly<Record<string, LogLevel>> | undefined;
  /** Writes one line, which ends with a newline. Must not throw. */
  readonly write: (line: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
