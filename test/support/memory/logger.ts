import type { LogFields, Logger, LogLevel } from "../../../core/ports/mod.ts";

export interface LogRecord {
  readonly level: LogLevel;
  readonly event: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** Keeps what was logged, every level of it. */
export class MemoryLogger implements Logger {
  readonly records: LogRecord[] = [];

  log(level: LogLevel, event: string, message: string, fields: LogFields = {}): void {
    this.records.push({ level, event, message, fields });
  }

  enabled(_level: LogLevel): boolean {
    return true;
  }

  /** What was logged under one event name, in order. */
  of(event: string): LogRecord[] {
    return this.records.filter((record) => record.event === event);
  }
}
