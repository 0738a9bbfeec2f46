import { type ErrorCode, errorCounter } from "../../../core/base/mod.ts";
import type { Clock, Logger, LogLevel, Metrics } from "../../../core/ports/mod.ts";
import { httpOriginLimits } from "./http-origin-limits.ts";

interface Reported {
  readonly at: number;
  /** Failures since then that no line has counted. */
  more: number;
}

export interface FailurePorts {
  readonly clock: Pick<Clock, "now">;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Counts failures by their code, and logs each kind once a minute with how many there were. */
export class Failures {
  readonly #ports: FailurePorts;
  readonly #reported: Map<string, Reported> = new Map();

  constructor(ports: FailurePorts) {
    this.#ports = ports;
  }

  /** `message` is of the first failure, for people; it has no payload and no secret. */
  report(event: string, code: ErrorCode, message: string): void {
    const { logger, metrics } = this.#ports;
    errorCounter(metrics, code).add(1);
    const failures = this.#timesToTell(`${event} ${code}`);
    if (failures > 0) logger.log("warn", event, message, { code, failures });
  }

  /** Logs that something happened to the origin of an app, as often, and counts nothing. */
  tell(
    level: LogLevel,
    event: string,
    message: string,
    fields: { readonly origin: string; readonly app: string },
  ): void {
    const times = this.#timesToTell(`${event} ${fields.app}`);
    if (times > 0) this.#ports.logger.log(level, event, message, { ...fields, times });
  }

  /** How many times it happened since the last line, now included; 0: no line is due. */
  #timesToTell(key: string): number {
    const now = this.#ports.clock.now();
    const last = this.#reported.get(key);
    if (last !== undefined && now - last.at < httpOriginLimits.reportMs) {
      last.more++;
      return 0;
    }
    this.#reported.set(key, { at: now, more: 0 });
    return 1 + (last?.more ?? 0);
  }
}
