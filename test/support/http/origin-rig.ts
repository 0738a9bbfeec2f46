import type { HttpAnswer, HttpRequest } from "../../../adapters/http-client/mod.ts";
import { ManualClock, MemoryLogger, MemoryMetrics } from "../memory/mod.ts";
import { answerOf } from "./answers.ts";

/** A request that the back end has not answered. */
export interface PendingRequest {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
  /** Whether the client may send it again where a kept connection was lost. */
  readonly repeatable: boolean | undefined;
  /** Answers it, in JSON unless another type is named. */
  readonly answer: (
    status: number,
    body?: unknown,
    contentType?: string,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<void>;
  readonly fail: (error: Error) => Promise<void>;
}

/** What an HTTP origin stands on in a test, which plays the back end. */
export class HttpOriginRig {
  readonly clock: ManualClock = new ManualClock();
  readonly logger: MemoryLogger = new MemoryLogger();
  readonly metrics: MemoryMetrics = new MemoryMetrics();
  readonly requests: PendingRequest[] = [];

  /** Everything that waits for no time and no answer has happened. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 6; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.turn();
    }
  }

  /** In steps, so that what a timer began can begin another one. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      this.clock.advance(Math.min(left, 50));
      await this.settle();
    }
  }

  /** The oldest request that was not answered. */
  next(): PendingRequest {
    const request = this.requests.shift();
    if (request === undefined) throw new Error("there is no request");
    return request;
  }

  /** What the client of the origin does. */
  readonly post = (url: string, request: HttpRequest): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const { body, headers = {}, signal, repeatable } = request;
      this.requests.push({
        url,
        body: typeof body === "string" ? body : new TextDecoder().decode(body),
        headers,
        signal,
        repeatable,
        answer: (...said) => {
          resolve(answerOf(...said));
          return this.settle();
        },
        fail: (error) => {
          reject(error);
          return this.settle();
        },
      });
    });
}
