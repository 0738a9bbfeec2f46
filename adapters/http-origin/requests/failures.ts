import { type ErrorCode, errorCounter, ReportTimes } from "../../../core/base/mod.ts";
import type { Clock, Logger, LogLevel, Metrics } from "../../../core/ports/mod.ts";

export interface FailurePorts {
  readonly clock: Pick<Clock, "ticks">;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Counts failures by their code, and logs each kind once a minute with how many there were. */
export class Failures {
  readonly #ports: FailurePorts;
  readonly #reports: ReportTimes;

  constructor(ports: FailurePorts) {
    this.#ports = ports;
    this.#reports = new ReportTimes(() => ports.clock.ticks());
  }

  /** `message` is of the first failure, for people; it has no payload and no secret. */
  report(event: string, code: ErrorCode, message: string): void {
    const { logger, metrics } = this.#ports;
    errorCounter(metrics, code).add(1);
    const failures = this.#reports.due(`${event} ${code}`);
    if (failures > 0) logger.log("warn", event, message, { code, failures });
  }

  /** Logs that something happened to the origin of an app, as often, and counts nothing. */
  tell(
    level: LogLevel,
    event: string,
    message: string,
    fields: { readonly origin: string; readonly app: string },
  ): void {
    const times = this.#reports.due(`${event} ${fields.app}`);
    if (times > 0) this.#ports.logger.log(level, event, message, { ...fields, times });
  }
}
