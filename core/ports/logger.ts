export type LogLevel = "debug" | "info" | "warn" | "error";

/** Fields of a log line. They never contain a payload, a password or an authorization header. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Writes structured log lines, one a call. */
export interface Logger {
  /** `event` is a stable name in kebab case; `message` is a sentence for people. */
  log(level: LogLevel, event: string, message: string, fields?: LogFields): void;
  /** False if lines of this level and event are dropped: their fields need not be made. */
  enabled(level: LogLevel, event: string): boolean;
}
