import { backOffMs, jittered, randomFraction, ServiceError } from "../../../core/base/mod.ts";
import type { Clock, Counter, Metrics, Random } from "../../../core/ports/mod.ts";
import type { HttpAnswer, HttpClient } from "../../http-client/mod.ts";
import { BackEnds } from "./back-ends.ts";
import type { Failures } from "./failures.ts";
import { httpOriginLimits } from "./http-origin-limits.ts";
import type { Signer } from "./signature.ts";
import { Slots } from "./slots.ts";

export interface OriginRequestsOptions {
  readonly urls: readonly string[];
  /** Requests under way at once. */
  readonly concurrency: number;
  /** For how long a failed request is sent again; 0: it is not. */
  readonly retryMs: number;
  /** Of one request. */
  readonly timeoutMs: number;
  readonly signer: Signer | undefined;
}

export interface RequestCounters {
  readonly sent: Counter;
  readonly failed: Counter;
}

/** The same for every form of events. */
export function requestCounters(metrics: Metrics): RequestCounters {
  return {
    sent: metrics.counter("wss_origin_requests_total", "Requests sent to HTTP origins"),
    failed: metrics.counter(
      "wss_origin_requests_failed_total",
      "Requests to HTTP origins that failed",
    ),
  };
}

export interface OriginRequestsPorts {
  readonly client: Pick<HttpClient, "post">;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: RequestCounters;
  readonly failures: Failures;
}

export interface OriginRequest {
  /** The same whenever the request is sent again. */
  readonly id: string;
  readonly body: string;
  readonly succeeded: (answer: HttpAnswer) => boolean;
  /** False: one attempt at each URL is enough. */
  readonly retry: boolean;
}

/**
 * Sends requests to an origin: so many at once, signed, to the first of its URLs that is up. What
 * failed is sent again for a limited time.
 */
export class OriginRequests {
  readonly #options: OriginRequestsOptions;
  readonly #ports: OriginRequestsPorts;
  readonly #backEnds: BackEnds;
  readonly #slots: Slots;
  /** Those who wait until they try again. */
  readonly #pauses: Set<() => void> = new Set();
  #stopped = false;

  constructor(options: OriginRequestsOptions, ports: OriginRequestsPorts) {
    const { clock } = ports;
    this.#options = options;
    this.#ports = ports;
    this.#backEnds = new BackEnds(options.urls, () => clock.now());
    this.#slots = new Slots(options.concurrency, () => clock.now());
  }

  /** Nothing is sent again. The client ends the requests that are under way. */
  stop(): void {
    this.#stopped = true;
    for (const end of this.#pauses) end();
  }

  /** The answer that took the event; undefined where it was given up. */
  async deliver(request: OriginRequest): Promise<HttpAnswer | undefined> {
    const retryMs = request.retry ? this.#options.retryMs : 0;
    let retryDeadline: number | undefined;
    const tried = new Set<string>();
    for (let round = 0; ; ) {
      // Waiting is no failure: the window of events limits how many wait.
      if (!this.#slots.take() && !(await this.#slots.wait(Infinity))) {
        this.#report(new ServiceError("http-queue-full", "too many requests waited for a slot"));
        return undefined;
      }
      retryDeadline ??= this.#ports.clock.now() + retryMs;
      const url = this.#backEnds.next(tried);
      const failure = await this.#attempt(url, request);
      if (!(failure instanceof Failure)) return failure;
      if (this.#stopped) return undefined;
      this.#report(failure.error);
      if (!canBeSent(failure.error)) return undefined;
      tried.add(url);
      if (tried.size < this.#backEnds.size) continue;
      tried.clear();
      const delay = this.#backOff(round++);
      if (this.#ports.clock.now() + delay > retryDeadline) return undefined;
      await this.#pause(delay);
      if (this.#stopped) return undefined;
    }
  }

  /**
   * Any answer, of the first URL that gives one. Rejects where none does, with the last error, or
   * where the signal aborts.
   */
  async ask(id: string, body: string, signal: AbortSignal): Promise<HttpAnswer> {
    const deadline = this.#ports.clock.now() + this.#options.timeoutMs;
    if (!this.#slots.take() && !(await this.#slots.wait(deadline))) {
      throw new ServiceError(
        "http-queue-full",
        "the request waited too long for a slot, or too many waited",
      );
    }
    try {
      const tried = new Set<string>();
      for (;;) {
        const url = this.#backEnds.next(tried);
        tried.add(url);
        try {
          return await this.#post(url, id, body, signal);
        } catch (error) {
          this.#report(error as ServiceError);
          if (signal.aborted || tried.size >= this.#backEnds.size) throw error;
        }
      }
    } finally {
      this.#slots.release();
    }
  }

  /** The slot is taken before, and given back here. */
  async #attempt(
    url: string,
    { id, body, succeeded }: OriginRequest,
  ): Promise<HttpAnswer | Failure> {
    try {
      const answer = await this.#post(url, id, body);
      if (succeeded(answer)) return answer;
      const message = `the origin answered with status ${answer.status}`;
      return new Failure(new ServiceError("http-status", message));
    } catch (error) {
      return new Failure(error as ServiceError);
    } finally {
      this.#slots.release();
    }
  }

  async #post(url: string, id: string, body: string, signal?: AbortSignal): Promise<HttpAnswer> {
    const { signer, retryMs } = this.#options;
    // 0: nothing is sent twice, not even where a kept connection was lost without an answer.
    const repeatable = retryMs > 0;
    const { client, clock, counters } = this.#ports;
    const signature = signer?.sign(id, clock.now(), body);
    counters.sent.add(1);
    try {
      const headers = { "content-type": "application/json", ...signature };
      const answer = await client.post(url, { body, headers, signal, repeatable });
      if (answer.status >= 500) this.#backEnds.failed(url);
      else this.#backEnds.answered(url);
      return answer;
    } catch (error) {
      if (signal?.aborted !== true && !this.#stopped) this.#backEnds.failed(url);
      throw error;
    }
  }

  #report({ code, message }: ServiceError): void {
    this.#ports.counters.failed.add(1);
    this.#ports.failures.report("origin-request-failed", code, message);
  }

  /** Requests that failed together come one by one. */
  #backOff(round: number): number {
    const { retryMs: msMin, retryMsMax: msMax } = httpOriginLimits;
    const wait = backOffMs(round, { msMin, msMax });
    return jittered(wait, randomFraction(this.#ports.random));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#pauses.delete(done);
        resolve();
      };
      const cancel = this.#ports.clock.after(ms, done);
      this.#pauses.add(done);
    });
  }
}

/** Why one attempt failed. */
class Failure {
  readonly error: ServiceError;

  constructor(error: ServiceError) {
    this.error = error;
  }
}

/** A header that cannot be written does not change with time. */
function canBeSent({ code }: ServiceError): boolean {
  return code !== "http-request-invalid";
}
