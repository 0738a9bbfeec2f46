import { limits } from "../../../core/base/mod.ts";
import type { LogFields, Logger, LogLevel } from "../../../core/ports/mod.ts";
import { LogLimiter } from "../../log/mod.ts";
import { SystemClock, SystemRandom } from "../../system/mod.ts";
import { checkOptions } from "./check-options.ts";
import { Origin } from "./origin.ts";
import type { OriginOptions } from "./origin-options.ts";

/** The library's own lines (a lost broker, a broker that is back) go to the standard error. */
class StandardErrorLogger implements Logger {
  log(level: LogLevel, event: string, message: string, fields: LogFields = {}): void {
    if (!this.enabled(level)) return;
    const at = new Date().toISOString();
    console.error(JSON.stringify({ at, level, event, message, ...fields }));
  }

  enabled(level: LogLevel): boolean {
    return level !== "debug";
  }
}

/**
 * Connects an origin. Resolves when it hears events; a broker that cannot be reached yet is waited
 * for, one that refuses rejects with the code `broker-refused`.
 */
export async function connectOrigin<State = unknown, User extends string = string>(
  options: OriginOptions,
): Promise<Origin<State, User>> {
  checkOptions(options);
  const { signal } = options;
  signal?.throwIfAborted();
  const clock = new SystemClock();
  const logger = new LogLimiter(new StandardErrorLogger(), clock, limits.logLinesPerSecondMax);
  const ports = { clock, random: new SystemRandom(), logger };
  const origin = new Origin<State, User>(options, ports);
  const end = (): void => void origin.close();
  signal?.addEventListener("abort", end, { once: true });
  try {
    await origin.start();
  } catch (error) {
    signal?.removeEventListener("abort", end);
    signal?.throwIfAborted();
    throw error;
  }
  return origin;
}
