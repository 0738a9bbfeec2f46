import type net from "node:net";
import { ServiceError } from "../../core/base/mod.ts";
import type { Clock } from "../../core/ports/mod.ts";
import { AnswerParser, HeadReader, type HttpAnswer } from "./answer/mod.ts";
import { abortedText } from "./exchange.ts";
import { HttpError, nothingSent, systemCode } from "./http-error.ts";
import { type HttpTarget, parseTarget, requestHead } from "./http-target.ts";
import type { StreamedOptions } from "./http-types.ts";
import { openStream } from "./open-stream.ts";
import { Trust } from "./trust.ts";

const sentOnly = { sent: true, answered: false } as const;

/**
 * GETs a URL on a connection of its own, and yields the body of a success (2xx) piece by piece
 * as it comes. While the caller takes no piece, nothing is read, so the server has to wait.
 * Returns the answer; its body is empty after a success. Throws an `HttpError`. The connection is
 * closed in any case.
 */
export async function* streamed(
  url: string,
  options: StreamedOptions,
  { clock }: { readonly clock: Clock },
): AsyncGenerator<Uint8Array, HttpAnswer> {
  const { headers = {}, signal, proxies, ca, ...limits } = options;
  const target = parseTarget(url, { proxies, method: "GET" });
  const head = requestHead(target, headers, undefined);
  const reading = new Reading(target, { signal, clock, ...limits });
  try {
    await reading.open(head, new Trust(ca));
    for (;;) {
      yield* reading.taken();
      if (reading.answer !== undefined) return reading.answer;
      await reading.more();
    }
  } finally {
    reading.close();
  }
}

interface ReadingOptions {
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  readonly connectMs: number;
  readonly silenceMs: number;
  readonly answerBytesMax: number;
}

class Reading {
  readonly #target: HttpTarget;
  readonly #options: ReadingOptions;
  readonly #parser: AnswerParser;
  readonly #aborted: () => void;
  #pieces: Uint8Array[] = [];
  #stream: net.Socket | undefined;
  #chunks: AsyncIterator<Buffer> | undefined;
  #progress: { readonly sent: boolean; readonly answered: boolean } = nothingSent;
  /** Gives up what is waited for now. */
  #fail: (error: HttpError) => void = () => {};

  constructor(target: HttpTarget, options: ReadingOptions) {
    this.#target = target;
    this.#options = options;
    this.#parser = new AnswerParser({
      heads: new HeadReader(),
      bodyBytesMax: options.answerBytesMax,
      piece: (bytes) => void this.#pieces.push(bytes),
    });
    this.#aborted = () => this.#fail(this.#error("http-aborted", abortedText));
    options.signal?.addEventListener("abort", this.#aborted);
  }

  get answer(): HttpAnswer | undefined {
    return this.#parser.answer;
  }

  /** Connects and writes the request. */
  async open(head: string, trust: Trust): Promise<void> {
    const { connectMs } = this.#options;
    let giveUp = (): void => {};
    const opening = new Promise<net.Socket>((resolve, reject) => {
      const failed = (why: string): void => reject(this.#error("http-connect", why));
      giveUp = openStream(this.#target, trust, { opened: resolve, failed });
    });
    const late = this.#error("http-connect", `did not accept a connection within ${connectMs} ms`);
    try {
      this.#stream = await this.#within(opening, { ms: connectMs, late });
    } catch (error) {
      giveUp();
      throw error;
    }
    this.#progress = sentOnly;
    this.#chunks = this.#stream[Symbol.asyncIterator]();
    this.#stream.write(head);
  }

  /** The pieces that have come. */
  taken(): Uint8Array[] {
    return this.#pieces.splice(0);
  }

  /** Reads what comes next. */
  async more(): Promise<void> {
    const { silenceMs } = this.#options;
    const next = (this.#chunks as AsyncIterator<Buffer>).next();
    const late = this.#error("http-timeout", `sent nothing for ${silenceMs} ms`);
    let step: IteratorResult<Buffer>;
    try {
      step = await this.#within(next, { ms: silenceMs, late });
    } catch (error) {
      if (error instanceof HttpError) throw error;
      throw this.#lost(systemCode(error));
    }
    if (step.done !== true) this.#progress = { sent: true, answered: true };
    try {
      if (step.done === true) this.#parser.end();
      else this.#parser.push(step.value);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      throw this.#error(error.code, `cannot be understood: ${error.message}`);
    }
    if (step.done === true && this.answer === undefined) throw this.#lost(undefined);
  }

  close(): void {
    this.#options.signal?.removeEventListener("abort", this.#aborted);
    this.#stream?.destroy();
  }

  /** Waits for the promise until its time limit, or until the caller gives up. */
  async #within<Value>(
    wait: Promise<Value>,
    { ms, late }: { readonly ms: number; readonly late: HttpError },
  ): Promise<Value> {
    const { clock, signal } = this.#options;
    const given = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    if (signal?.aborted === true) this.#aborted();
    const cancel = clock.after(ms, () => this.#fail(late));
    try {
      return await Promise.race([wait, given]);
    } finally {
      cancel();
      // The stream is destroyed after a failure: then nobody waits for this one any more.
      wait.catch(() => {});
    }
  }

  #lost(code: string | undefined): HttpError {
    const when = this.#progress.answered ? "in the middle of its answer" : "without an answer";
    const why = code === undefined ? "" : ` (${code})`;
    return this.#error("http-lost", `closed the connection ${when}${why}`);
  }

  #error(code: HttpError["code"], what: string): HttpError {
    return new HttpError(code, `${this.#target.server} ${what}`, this.#progress);
  }
}
