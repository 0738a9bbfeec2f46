import { backOffMs, jittered, randomFraction, ServiceError } from "../../../core/base/mod.ts";
import type { Clock, Counter, Metrics, Random } from "../../../core/ports/mod.ts";
import type { HttpAnswer, HttpClient } from "../../http-client/mod.ts";
import { BackEnds } from "./back-ends.ts";
import type { Failures } from "./failures.ts";
import { httpOriginLimits } from "./http-origin-limits.ts";
import { Semaphore } from "./semaphore.ts";
import type { Signer } from "./signature.ts";

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
  /** Its name, the same whenever it is sent again. Asked for where requests are signed. */
  readonly id: () => string;
  readonly body: string;
  readonly succeeded: (answer: HttpAnswer) => boolean;
  /** False: one attempt at each URL is enough. */
  readonly retry: boolean;
  /** Goes out as the header `traceparent`. */
  readonly trace?: string | undefined;
}

/** A question about a handshake. */
export interface OriginQuestion extends Pick<OriginRequest, "id" | "body" | "trace"> {
  readonly signal: AbortSignal;
}

/**
 * Sends requests to an origin: so many at once, signed, to the first of its URLs that is up. What
 * failed is sent again for a limited time.
 */
export class OriginRequests {
  readonly #options: OriginRequestsOptions;
  readonly #ports: OriginRequestsPorts;
  readonly #backEnds: BackEnds;
  readonly #permits: Semaphore;
  /** End the waits before further attempts. */
  readonly #pauses: Set<() => void> = new Set();
  #stopped = false;

  constructor(options: OriginRequestsOptions, ports: OriginRequestsPorts) {
    const { clock } = ports;
    this.#options = options;
    this.#ports = ports;
    this.#backEnds = new BackEnds(options.urls, () => clock.ticks());
    this.#permits = new Semaphore(options.concurrency, () => clock.ticks());
  }

  /** Nothing is sent again. The client ends the requests that are under way. */
  stop(): void {
    this.#stopped = true;
    for (const end of this.#pauses) end();
  }

  /** The answer that took the event; undefined if it was given up. */
  async deliver(request: OriginRequest): Promise<HttpAnswer | undefined> {
    const retryMs = request.retry ? this.#options.retryMs : 0;
    let retryDeadline: number | undefined;
    const tried: string[] = [];
    for (let round = 0; ; ) {
      // Waiting is no failure: the window of events limits how many wait.
      if (!this.#permits.take() && !(await this.#permits.wait(Infinity))) {
        this.#report(new ServiceError("http-queue-full", "too many requests wait to be sent"));
        return undefined;
      }
      retryDeadline ??= this.#ports.clock.ticks() + retryMs;
      const url = this.#backEnds.next(tried);
      let failure: ServiceError;
      try {
        const answer = await this.#post(url, request);
        this.#answered(url, answer);
        if (request.succeeded(answer)) return answer;
        failure = new ServiceError(
          "http-status",
          `the origin answered with status ${answer.status}`,
        );
      } catch (error) {
        this.#unanswered(url);
        failure = error as ServiceError;
      } finally {
        this.#permits.release();
      }
      if (this.#stopped) return undefined;
      this.#report(failure);
      if (!canBeSent(failure)) return undefined;
      tried.push(url);
      if (tried.length < this.#backEnds.size) continue;
      tried.length = 0;
      const delay = this.#backOff(round++);
      if (this.#ports.clock.ticks() + delay > retryDeadline) return undefined;
      await this.#pause(delay);
      if (this.#stopped) return undefined;
    }
  }

  /**
   * Any answer, of the first URL that gives one. Rejects if none does, with the last error, or
   * if the signal aborts.
   */
  async ask(question: OriginQuestion): Promise<HttpAnswer> {
    const { signal } = question;
    const { clock } = this.#ports;
    const askedAt = clock.ticks();
    const deadline = askedAt + this.#options.timeoutMs;
    if (!this.#permits.take() && !(await this.#permits.wait(deadline))) {
      throw new ServiceError(
        "http-queue-full",
        "the request waited too long to be sent, or too many wait",
      );
    }
    try {
      const tried: string[] = [];
      for (;;) {
        const url = this.#backEnds.next(tried);
        tried.push(url);
        const sentAt = clock.ticks();
        try {
          const answer = await this.#post(url, question, signal);
          this.#answered(url, answer);
          return answer;
        } catch (error) {
          const now = clock.ticks();
          // Where the wait for a permit took most of the time, this URL is not to blame.
          if (!signal.aborted || 2 * (now - sentAt) >= now - askedAt) this.#unanswered(url);
          else this.#backEnds.left(url);
          this.#report(error as ServiceError);
          if (signal.aborted || tried.length >= this.#backEnds.size) throw error;
        }
      }
    } finally {
      this.#permits.release();
    }
  }

  /** One attempt. Not `async`: each promise costs, and there is one request for each message. */
  #post(
    url: string,
    { id, body, trace }: Pick<OriginRequest, "id" | "body" | "trace">,
    signal?: AbortSignal,
  ): Promise<HttpAnswer> {
    const { signer, retryMs } = this.#options;
    // 0: nothing is sent twice, not even if a kept connection was lost without an answer.
    const repeatable = retryMs > 0;
    const { client, clock, counters } = this.#ports;
    counters.sent.add(1);
    const signature = signer?.sign(id(), clock.now(), body);
    const headers =
      signature === undefined && trace === undefined
        ? jsonHeaders
        : { ...jsonHeaders, ...signature, ...(trace === undefined ? {} : { traceparent: trace }) };
    return client.post(url, { body, headers, signal, repeatable });
  }

  #answered(url: string, { status }: HttpAnswer): void {
    if (status >= 500) this.#backEnds.failed(url);
    else this.#backEnds.answered(url);
  }

  #unanswered(url: string): void {
    if (!this.#stopped) this.#backEnds.failed(url);
  }

  #report({ code, message }: ServiceError): void {
    this.#ports.counters.failed.add(1);
    this.#ports.failures.report("origin-request-failed", code, message);
  }

  /** Random, so that requests that failed together are not repeated together. */
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

/** Frozen, so that the client remembers what it wrote of it. */
const jsonHeaders = Object.freeze({ "content-type": "application/json" });

/** A header that cannot be written does not change with time. */
function canBeSent({ code }: ServiceError): boolean {
  return code !== "http-request-invalid";
}
