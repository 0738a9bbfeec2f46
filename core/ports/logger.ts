export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a log line may carry. Never a payload, a password or an authorization header. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** One structured line a call. */
export interface Logger {
  /** `event` is a stable kebab-case name, `message` a sentence for people. */
  log(level: LogLevel, event: string, message: string, fields?: LogFields): void;
  /** False where a line of this level would be dropped, so that its fields need not be made. */
  enabled(level: LogLevel): boolean;
}
