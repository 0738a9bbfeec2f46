import process from "node:process";
import { JsonLogger, LogLimiter, PrettyLogger, WithFields } from "../../../adapters/log/mod.ts";
import { SystemClock } from "../../../adapters/system/mod.ts";
import { limits } from "../../../core/base/mod.ts";
import type { Settings } from "../../../core/config/mod.ts";
import type { LogFields, Logger } from "../../../core/ports/mod.ts";

/** Writes to the standard output. `fields` stand in each line. */
export function createLogger(settings: Settings, fields: LogFields = {}): Logger {
  const format = settings["log-format"];
  const pretty = format === "pretty" || (format === "auto" && process.stdout.isTTY === true);
  const write = (line: string): void => void process.stdout.write(line);
  const options = { level: settings["log-level"], write, now: Date.now };
  const colour = pretty && process.stdout.isTTY === true;
  const logger = pretty ? new PrettyLogger({ ...options, colour }) : new JsonLogger(options);
  const named = Object.keys(fields).length === 0 ? logger : new WithFields(logger, fields);
  return new LogLimiter(named, new SystemClock(), limits.logLinesPerSecondMax);
}
