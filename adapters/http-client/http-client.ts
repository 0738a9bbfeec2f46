import { LatestMap, limits } from "../../core/base/mod.ts";
import type { Clock } from "../../core/ports/mod.ts";
import type { HttpAnswer } from "./answer/mod.ts";
import { ConnectionPool, type PoolOptions } from "./connection-pool.ts";
import { abortedText, Exchange, type ExchangeOptions, type ExchangeOutcome } from "./exchange.ts";
import { HttpError, nothingSent } from "./http-error.ts";
import { type HttpTarget, parseTarget, requestHead } from "./http-target.ts";
import type { HttpClientOptions, HttpQuestion, HttpRequest } from "./http-types.ts";
import { Ticker } from "./ticker.ts";
import { Trust } from "./trust.ts";

const noHeaders: Readonly<Record<string, string>> = {};

/**
 * Requests over HTTP/1.1. Connections are kept and shared by requests to the same server. The
 * time, the size of an answer and the number of waiting requests are limited. It follows no
 * redirect and repeats nothing unless told to.
 */
export class HttpClient {
  readonly #options: PoolOptions & HttpClientOptions & { readonly timeoutMs: number };
  readonly #ticker: Ticker;
  readonly #targets: LatestMap<string, HttpTarget> = new LatestMap(limits.httpTargetsMax);
  readonly #pools: Map<string, ConnectionPool> = new Map();
  #closed = false;

  constructor(options: HttpClientOptions, { clock }: { readonly clock: Clock }) {
    this.#options = {
      connectMs: options.connectMs ?? limits.httpConnectMs,
      timeoutMs: options.timeoutMs ?? limits.httpTimeoutMs,
      answerBytesMax: options.answerBytesMax ?? limits.httpAnswerBytesMax,
      connectionsMax: options.connectionsMax ?? limits.httpConnectionsMax,
      waitingMax: options.waitingMax ?? limits.httpWaitingMax,
      proxies: options.proxies,
      trust: new Trust(options.ca),
    };
    this.#ticker = new Ticker(clock);
  }

  /** Resolves with any complete answer, whatever its status. Rejects with an `HttpError`. */
  post(url: string, request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      // What it throws rejects.
      this.#post(url, request, { resolve, reject });
    });
  }

  /** The same without a body. It may be repeated (RFC 9110, 9.2.2). */
  get(url: string, question: HttpQuestion = {}): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      this.#get(url, question, { resolve, reject });
    });
  }

  /** Ends all connections. Requests without an answer fail with `http-aborted`. */
  close(): void {
    this.#closed = true;
    for (const pool of this.#pools.values()) pool.close();
  }

  #post(url: string, request: HttpRequest, outcome: ExchangeOutcome): void {
    const { body, headers = noHeaders, signal, repeatable = false } = request;
    const target = this.#targetOf(url);
    const bytes = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    const head = requestHead(target, headers, bytes);
    const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs;
    this.#send({ target, head, body, repeatable, timeoutMs }, signal, outcome);
  }

  #get(url: string, question: HttpQuestion, outcome: ExchangeOutcome): void {
    const target = parseTarget(url, { proxies: this.#options.proxies, method: "GET" });
    const { headers = noHeaders, signal, timeoutMs = this.#options.timeoutMs } = question;
    const head = requestHead(target, headers, undefined);
    this.#send({ target, head, body: "", repeatable: true, timeoutMs }, signal, outcome);
  }

  #send(
    options: ExchangeOptions,
    signal: AbortSignal | undefined,
    outcome: ExchangeOutcome,
  ): void {
    const { target } = options;
    if (this.#closed || signal?.aborted === true) {
      throw new HttpError(
        "http-aborted",
        `${target.server}: the request was cancelled before it was sent`,
        nothingSent,
      );
    }
    const exchange = new Exchange(options, outcome);
    if (signal !== undefined) abortBy(signal, exchange);
    this.#poolOf(target).send(exchange);
  }

  #targetOf(url: string): HttpTarget {
    const known = this.#targets.get(url);
    if (known !== undefined) return known;
    const target = parseTarget(url, { proxies: this.#options.proxies, method: "POST" });
    this.#targets.set(url, target);
    return target;
  }

  #poolOf(target: HttpTarget): ConnectionPool {
    const known = this.#pools.get(target.server);
    if (known !== undefined) return known;
    const pool = new ConnectionPool(target, this.#options, () => {
      this.#pools.delete(target.server);
      this.#ticker.delete(pool);
    });
    this.#pools.set(target.server, pool);
    this.#ticker.add(pool);
    return pool;
  }
}

function abortBy(signal: AbortSignal, exchange: Exchange): void {
  const abort = (): void => exchange.fail("http-aborted", abortedText);
  signal.addEventListener("abort", abort);
  exchange.onSettled = () => signal.removeEventListener("abort", abort);
}
