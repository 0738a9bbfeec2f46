import { type ErrorCode, errorCounter } from "../../../core/base/mod.ts";
import type { Clock, Logger, Metrics } from "../../../core/ports/mod.ts";
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
    const { clock, logger, metrics } = this.#ports;
    errorCounter(metrics, code).add(1);
    const key = `${event} ${code}`;
    const now = clock.now();
    const last = this.#reported.get(key);
    if (last !== undefined && now - last.at < httpOriginLimits.reportMs) {
      last.more++;
      return;
    }
    this.#reported.set(key, { at: now, more: 0 });
    logger.log("warn", event, message, { code, failures: 1 + (last?.more ?? 0) });
  }
}
