import process from "node:process";
import { JsonLogger, LogLimiter, PrettyLogger, WithFields } from "../../../adapters/log/mod.ts";
import { SystemClock } from "../../../adapters/system/mod.ts";
import { limits } from "../../../core/base/mod.ts";
import type { LogLevels, Settings } from "../../../core/config/mod.ts";
import type { LogFields, Logger } from "../../../core/ports/mod.ts";

/** The logger of a program, whose levels may change while it runs. */
export interface ProgramLogger extends Logger {
  setLevels(levels: LogLevels): void;
}

/** Writes to the standard output. `fields` stand in each line. */
export function createLogger(settings: Settings, fields: LogFields = {}): ProgramLogger {
  const format = settings["log-format"];
  const pretty = format === "pretty" || (format === "auto" && process.stdout.isTTY === true);
  const write = (line: string): void => void process.stdout.write(line);
  const colour = pretty && process.stdout.isTTY === true;
  const options = { ...settings["log-level"], write, now: Date.now, colour };
  const logger = pretty ? new PrettyLogger(options) : new JsonLogger(options);
  const named = Object.keys(fields).length === 0 ? logger : new WithFields(logger, fields);
  const limited = new LogLimiter(named, new SystemClock(), limits.logLinesPerSecondMax);
  return Object.assign(limited, {
    setLevels: (levels: LogLevels): void => void Object.assign(options, levels),
  });
}
