import {
  assert,
  backOffMs,
  type ErrorCode,
  LatestMap,
  type ServiceError,
} from "../../../core/base/mod.ts";
import type { Cancel, Counter, LogLevel } from "../../../core/ports/mod.ts";
import type { HttpAnswer, HttpClient } from "../../http-client/mod.ts";
import type { BusPorts } from "../../topics/mod.ts";
import { isRefusal, isSuccess } from "./answer.ts";
import { batchLimits } from "./batch-limits.ts";
import type { BatchOptions } from "./batch-options.ts";
import { BatchSession, type SessionServer } from "./batch-session.ts";

/** The URLs of the origin, tried in this order. */
export interface Urls {
  readonly size: number;
  /** The URL to try next, after those that were tried for the same request. */
  next(tried: readonly string[]): string;
  answered(url: string): void;
  failed(url: string): void;
}

/** Counts and logs what goes wrong, each kind of it now and then. */
export interface Reports {
  report(event: string, code: ErrorCode, message: string): void;
  /** What is no failure of a request. */
  tell(level: LogLevel, event: string, message: string, fields: OriginFields): void;
}

interface OriginFields {
  readonly origin: string;
  readonly app: string;
}

/** The headers that sign a body. */
export type Sign = (id: string, now: number, body: Uint8Array) => Readonly<Record<string, string>>;

export interface BatchPorts extends BusPorts {
  readonly client: Pick<HttpClient, "post">;
  readonly urls: Urls;
  /** Counts requests, and those that failed. */
  readonly counters: { readonly sent: Counter; readonly failed: Counter };
  readonly failures: Reports;
  /** Without it requests are not signed. */
  readonly sign?: Sign | undefined;
  /** The broker refuses this origin for good, after `start` has resolved. */
  readonly failed: (error: Error) => void;
}

/** A batch without items asks whether the origin can be reached. */
const emptyBatch: Uint8Array = Buffer.from("[]");

/**
 * An HTTP origin that gets events in batches. When its server cannot be reached it leaves the bus.
 * It then probes the server, and announces itself again when the server answers.
 */
export class BatchOrigin {
  readonly name: string;
  readonly #options: BatchOptions;
  readonly #ports: BatchPorts;
  #session: BatchSession | undefined;
  #stopped = false;
  /** The end of the last session, before which no other begins. */
  #ending: Promise<void> = Promise.resolve();
  #probes = 0;
  /** When it was given up, by the node whose events it did not take. */
  readonly #givenUp: LatestMap<string, number> = new LatestMap(batchLimits.nodesMax);
  /** When it was given up lately. */
  #absences: number[] = [];
  #cancelProbe: Cancel = () => {};

  constructor(options: BatchOptions, ports: BatchPorts) {
    this.name = options.name;
    this.#options = options;
    this.#ports = ports;
  }

  /** Whether it is an origin now: the bus can be reached, and the HTTP origin is not given up. */
  get ready(): boolean {
    return this.#session?.connected === true;
  }

  /** Connections that the HTTP origin was told of. */
  get connections(): number {
    return this.#session?.connections ?? 0;
  }

  /** Bytes of events that the HTTP origin has not confirmed. */
  get unconfirmedBytes(): number {
    return this.#session?.unconfirmedBytes ?? 0;
  }

  /** Resolves when the origin is announced. Rejects if the broker refuses it for good. */
  start(): Promise<void> {
    assert(this.#session === undefined && !this.#stopped, "an origin starts once");
    return this.#begin();
  }

  /** Delivers the events that came, and leaves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelProbe();
    await this.#session?.leave();
    this.#session = undefined;
    await this.#ending;
  }

  async #begin(): Promise<void> {
    const server: SessionServer = {
      post: (body, id) => this.#post(body, id),
      suspicious: (node) => this.#since(this.#givenUp.get(node)) < batchLimits.giveUpMemoryMs,
      reachable: () => this.#reachable(),
    };
    const session: BatchSession = new BatchSession(
      this.#options,
      { ...this.#ports, server, failed: (event, error) => this.#report(event, error) },
      {
        retried: (error) => this.#report("origin-request-failed", error),
        unreachable: (node) => this.#giveUp(session, node),
        obsolete: () => {
          if (this.#end(session)) this.#beginAgain();
        },
      },
    );
    this.#session = session;
    await session.start();
  }

  /** False if it had ended before. */
  #end(session: BatchSession): boolean {
    if (this.#session !== session || this.#stopped) return false;
    this.#session = undefined;
    this.#ending = session.end();
    return true;
  }

  #giveUp(session: BatchSession, node: string): void {
    if (!this.#end(session)) return;
    const now = this.#ports.clock.ticks();
    const { giveUpMemoryMs, absenceMsMax: msMax, probeMsMin: msMin } = batchLimits;
    this.#givenUp.set(node, now);
    const message = "the HTTP origin takes no events: it counts as gone until it answers";
    this.#ports.failures.tell("error", "origin-unreachable", message, this.#fields);
    const lately = this.#absences.filter((at) => this.#since(at) < giveUpMemoryMs);
    const wait = backOffMs(lately.length, { msMin, msMax });
    this.#absences = [...lately, now].slice(-batchLimits.giveUpsMax);
    this.#probes = 0;
    this.#probeAfter(wait);
  }

  #probeAfter(wait: number): void {
    if (this.#stopped) return;
    this.#probes++;
    this.#cancelProbe = this.#ports.clock.after(wait, () => void this.#probe());
  }

  /** Whether the HTTP origin answers a batch without items. */
  #reachable(): Promise<boolean> {
    const id = `${this.name}:probe:${this.#ports.clock.now()}`;
    return this.#post(emptyBatch, id).then(isSuccess, () => false);
  }

  #since(at: number = Number.NEGATIVE_INFINITY): number {
    return this.#ports.clock.ticks() - at;
  }

  async #probe(): Promise<void> {
    const answers = await this.#reachable();
    if (this.#stopped) return;
    if (!answers) {
      const { probeMsMin: msMin, probeMsMax: msMax } = batchLimits;
      this.#probeAfter(backOffMs(this.#probes, { msMin, msMax }));
      return;
    }
    const message = "the HTTP origin answers again: it is announced";
    this.#ports.failures.tell("info", "origin-reachable", message, this.#fields);
    this.#beginAgain();
  }

  #beginAgain(): void {
    const begun = this.#ending.then(() => (this.#stopped ? undefined : this.#begin()));
    begun.catch((error: Error) => {
      if (!this.#stopped) this.#ports.failed(error);
    });
  }

  /** Tries the URLs in order: the first answer that is no failure, or the last failure. */
  async #post(body: Uint8Array, id: string): Promise<HttpAnswer> {
    const { client, sign, clock, urls, counters } = this.#ports;
    const headers = { "content-type": "application/json", ...sign?.(id, clock.now(), body) };
    // 0: nothing is sent twice, not even if a kept connection was lost without an answer.
    const repeatable = this.#options.retryMs > 0;
    const tried: string[] = [];
    for (;;) {
      const url = urls.next(tried);
      tried.push(url);
      const isLast = tried.length >= urls.size || this.#stopped;
      counters.sent.add(1);
      try {
        const answer = await client.post(url, { body, headers, repeatable });
        if (isSuccess(answer) || isRefusal(answer)) {
          urls.answered(url);
          return answer;
        }
        counters.failed.add(1);
        urls.failed(url);
        if (isLast) return answer;
      } catch (error) {
        counters.failed.add(1);
        urls.failed(url);
        if (isLast) throw error;
      }
    }
  }

  #report(event: string, { code, message }: ServiceError): void {
    this.#ports.failures.report(event, code, message);
  }

  get #fields(): OriginFields {
    return { origin: this.name, app: this.#options.app };
  }
}
