import type net from "node:net";
import { limits, ServiceError } from "../../core/base/mod.ts";
import { AnswerParser, type AnswerParserOptions, type HttpAnswer } from "./answer/mod.ts";
import { abortedText, type Exchange, type ExchangeHolder } from "./exchange.ts";
import { systemCode } from "./http-error.ts";
import { type Ticking, ticksOf } from "./ticker.ts";

/** The pool that a connection belongs to. */
export interface HttpConnectionListener {
  readonly answers: AnswerParserOptions;
  /** The answer is complete, and another request may be sent. */
  freed(connection: HttpConnection): void;
  /** The connection cannot be used any more. Called once. */
  closed(connection: HttpConnection): void;
  /** The connection ended without an answer to this exchange, which another may carry. */
  unanswered(exchange: Exchange): void;
}

/** One stream to a server, with one request at a time: nothing is pipelined. */
export class HttpConnection implements Ticking, ExchangeHolder {
  #idleTicksLeft: number = ticksOf(limits.httpIdleMs);
  /** Past it the connection is not used again: the server's name may lead elsewhere by now. */
  #ticksLeft: number = ticksOf(limits.httpConnectionAgeMs);
  readonly #stream: net.Socket;
  readonly #listener: HttpConnectionListener;
  #exchange: Exchange | undefined;
  #parser: AnswerParser | undefined;
  #hasAnswered = false;
  #closed = false;

  constructor(stream: net.Socket, listener: HttpConnectionListener) {
    this.#stream = stream;
    this.#listener = listener;
    stream.on("data", (bytes) => this.#read(bytes as Buffer));
    stream.on("end", () => this.#readEnd());
    stream.on("error", (error) => this.#lose(systemCode(error)));
    stream.once("close", () => this.#lose(undefined));
  }

  send(exchange: Exchange): void {
    const { head, body } = exchange;
    this.#exchange = exchange;
    this.#parser = new AnswerParser(this.#listener.answers);
    exchange.holder = this;
    exchange.sent = true;
    if (typeof body === "string") this.#stream.write(head + body);
    else if (body.length <= limits.httpJoinBytesMax) this.#stream.write(joined(head, body));
    else {
      this.#stream.write(head);
      this.#stream.write(body);
    }
  }

  tick(): void {
    this.#ticksLeft--;
    if (this.#exchange !== undefined) this.#exchange.tick();
    else if (--this.#idleTicksLeft <= 0 || this.#ticksLeft <= 0) this.destroy();
  }

  drop(): void {
    this.#exchange = undefined;
    this.destroy();
  }

  /** The client is closed. */
  abort(): void {
    this.#exchange?.fail("http-aborted", abortedText);
    this.destroy();
  }

  destroy(): void {
    this.#stream.destroy();
    this.#lose(undefined);
  }

  #read(bytes: Buffer): void {
    const exchange = this.#exchange;
    const parser = this.#parser;
    if (exchange === undefined || parser === undefined) {
      // An answer to no request, such as 408 before an idle connection is closed.
      this.destroy();
      return;
    }
    exchange.answered = true;
    try {
      parser.push(bytes);
    } catch (error) {
      failAt(exchange, error);
      return;
    }
    if (parser.answer !== undefined) this.#finish(exchange, parser, parser.answer);
  }

  #readEnd(): void {
    const exchange = this.#exchange;
    try {
      this.#parser?.end();
    } catch (error) {
      failAt(exchange, error);
      return;
    }
    const answer = this.#parser?.answer;
    if (exchange === undefined || answer === undefined) {
      this.#lose(undefined);
      this.#stream.destroy();
      return;
    }
    this.#finish(exchange, this.#parser as AnswerParser, answer);
  }

  #finish(exchange: Exchange, parser: AnswerParser, answer: HttpAnswer): void {
    this.#exchange = undefined;
    this.#parser = undefined;
    this.#hasAnswered = true;
    const idleMs = parser.reusable && this.#ticksLeft > 0 ? idleMsOf(parser) : 0;
    // An answer before the end of a large request leaves the rest of it unsent.
    if (idleMs > 0 && this.#stream.writableLength === 0 && !this.#closed) {
      this.#idleTicksLeft = ticksOf(idleMs);
      this.#listener.freed(this);
    } else {
      this.destroy();
    }
    exchange.succeed(answer);
  }

  #lose(code: string | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange !== undefined) this.#giveBack(exchange, code);
    this.#listener.closed(this);
  }

  #giveBack(exchange: Exchange, code: string | undefined): void {
    if (this.#hasAnswered && exchange.repeatable && !exchange.answered) {
      exchange.repeatable = false;
      this.#listener.unanswered(exchange);
      return;
    }
    const when = exchange.answered ? "in the middle of its answer" : "without an answer";
    const why = code === undefined ? "" : ` (${code})`;
    exchange.fail("http-lost", `closed the connection ${when}${why}`);
  }
}

/** What came is no answer: `error` says why. Errors of the program itself are thrown on. */
function failAt(exchange: Exchange | undefined, error: unknown): void {
  if (!(error instanceof ServiceError)) throw error;
  exchange?.fail(error.code, `cannot be understood: ${error.message}`);
}

function joined(head: string, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(head.length + body.length);
  bytes.write(head, 0, "latin1");
  bytes.set(body, head.length);
  return bytes;
}

/** How long the server keeps an idle connection, minus a second that the next request may need. */
function idleMsOf({ keepAliveSeconds }: AnswerParser): number {
  if (keepAliveSeconds === undefined) return limits.httpIdleMs;
  return Math.min((keepAliveSeconds - 1) * 1_000, limits.httpIdleMsMax);
}
