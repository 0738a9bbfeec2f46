import type { ErrorCode, ServiceError } from "../../../core/base/mod.ts";
import type { Clock, Logger } from "../../../core/ports/mod.ts";
import { batchLimits } from "./batch-limits.ts";

/** Counts faults by their code; what an HTTP origin counts of itself. */
export interface FaultCounter {
  error(code: ErrorCode): void;
}

/** Counts each fault, and logs each kind at once and then at most once a minute. */
export class FaultLog {
  readonly #clock: Pick<Clock, "now">;
  readonly #logger: Logger;
  readonly #counter: FaultCounter;
  readonly #origin: string;
  /** By event and code: when it was logged, and how many came since. */
  readonly #kinds: Map<string, { at: number; since: number }> = new Map();

  constructor(
    origin: string,
    ports: { readonly clock: Pick<Clock, "now">; readonly logger: Logger },
    counter: FaultCounter,
  ) {
    this.#origin = origin;
    this.#clock = ports.clock;
    this.#logger = ports.logger;
    this.#counter = counter;
  }

  /** `event` is the name of the log line. */
  add(event: string, { code, message }: ServiceError): void {
    this.#counter.error(code);
    const key = `${event} ${code}`;
    const kind = this.#kinds.get(key) ?? { at: Number.NEGATIVE_INFINITY, since: 0 };
    this.#kinds.set(key, kind);
    kind.since++;
    const now = this.#clock.now();
    if (now - kind.at < batchLimits.faultLineMs) return;
    const fields = { code, origin: this.#origin, count: kind.since };
    this.#logger.log("warn", event, message, fields);
    kind.at = now;
    kind.since = 0;
  }
}
