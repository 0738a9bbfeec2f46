import { type AnswerParserOptions, HeadReader } from "./answer/mod.ts";
import { abortedText, type Exchange, type ExchangeHolder } from "./exchange.ts";
import { HttpConnection, type HttpConnectionListener } from "./http-connection.ts";
import type { HttpTarget } from "./http-target.ts";
import { openStream } from "./open-stream.ts";
import { Countdown, type Ticking } from "./ticker.ts";
import type { Trust } from "./trust.ts";

export interface PoolOptions {
  readonly connectMs: number;
  readonly answerBytesMax: number;
  readonly connectionsMax: number;
  readonly waitingMax: number;
  readonly trust: Trust;
}

/** The connections to one server, and the requests that wait for one. */
export class ConnectionPool implements HttpConnectionListener, ExchangeHolder, Ticking {
  readonly answers: AnswerParserOptions;
  readonly #target: HttpTarget;
  readonly #options: PoolOptions;
  readonly #onEmpty: () => void;
  /** Attempts to connect that are under way, each with the function that gives it up. */
  readonly #attempts: Map<Countdown, () => void> = new Map();
  readonly #connections: Set<HttpConnection> = new Set();
  /** The connection that was used last is used next, so that the others may grow old and end. */
  #idle: HttpConnection[] = [];
  readonly #waiting: Set<Exchange> = new Set();

  constructor(target: HttpTarget, options: PoolOptions, onEmpty: () => void) {
    this.#target = target;
    this.#options = options;
    this.#onEmpty = onEmpty;
    this.answers = { heads: new HeadReader(), bodyBytesMax: options.answerBytesMax };
  }

  tick(): void {
    for (const exchange of this.#waiting) exchange.tick();
    for (const attempt of this.#attempts.keys()) attempt.tick();
    for (const connection of this.#connections) connection.tick();
  }

  send(exchange: Exchange): void {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      idle.send(exchange);
      return;
    }
    if (this.#waiting.size >= this.#options.waitingMax) {
      exchange.fail("http-queue-full", `has ${this.#waiting.size} requests waiting`);
      return;
    }
    exchange.holder = this;
    this.#waiting.add(exchange);
    this.#connect();
  }

  drop(exchange: Exchange): void {
    this.#waiting.delete(exchange);
    this.#lookEmpty();
  }

  unanswered(exchange: Exchange): void {
    // The other idle connections are older: most likely the server has closed them too.
    for (const connection of this.#idle.splice(0)) connection.destroy();
    this.send(exchange);
  }

  freed(connection: HttpConnection): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#idle.push(connection);
      return;
    }
    this.#waiting.delete(next);
    connection.send(next);
  }

  closed(connection: HttpConnection): void {
    this.#connections.delete(connection);
    this.#idle = this.#idle.filter((one) => one !== connection);
    this.#connect();
    this.#lookEmpty();
  }

  /** Ends everything. */
  close(): void {
    for (const exchange of this.#waiting) exchange.fail("http-aborted", abortedText);
    for (const [attempt, giveUp] of this.#attempts) {
      giveUp();
      this.#attempts.delete(attempt);
    }
    for (const connection of this.#connections) connection.abort();
    this.#lookEmpty();
  }

  /** Opens a connection if more requests wait than attempts are under way. */
  #connect(): void {
    const open = this.#connections.size + this.#attempts.size;
    if (this.#waiting.size <= this.#attempts.size || open >= this.#options.connectionsMax) return;
    const { connectMs, trust } = this.#options;
    const attempt = new Countdown(connectMs, () => {
      giveUp();
      this.#failAttempt(attempt, `did not accept a connection within ${connectMs} ms`);
    });
    const giveUp = openStream(this.#target, trust, {
      opened: (stream) => {
        this.#attempts.delete(attempt);
        this.#add(new HttpConnection(stream, this));
      },
      failed: (why) => this.#failAttempt(attempt, why),
    });
    this.#attempts.set(attempt, giveUp);
  }

  #add(connection: HttpConnection): void {
    this.#connections.add(connection);
    this.freed(connection);
  }

  #failAttempt(attempt: Countdown, why: string): void {
    this.#attempts.delete(attempt);
    const [oldest] = this.#waiting;
    // A request that another attempt is for, or that a busy connection took over, is left alone.
    if (oldest !== undefined && this.#waiting.size > this.#attempts.size) {
      oldest.fail("http-connect", why);
    }
    this.#connect();
    this.#lookEmpty();
  }

  #lookEmpty(): void {
    const size = this.#connections.size + this.#attempts.size + this.#waiting.size;
    if (size === 0) this.#onEmpty();
  }
}
