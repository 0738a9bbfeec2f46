import type { ErrorCode } from "../../core/base/mod.ts";
import type { HttpAnswer } from "./answer/mod.ts";
import { HttpError } from "./http-error.ts";
import type { HttpTarget } from "./http-target.ts";
import { type Ticking, ticksOf } from "./ticker.ts";

/** Why a request fails with `http-aborted`. */
export const abortedText = "was given up by the caller before it answered";

/** The current owner of an exchange: the queue of a pool, or a connection. */
export interface ExchangeHolder {
  /** The exchange has failed. The owner must forget it. */
  drop(exchange: Exchange): void;
}

export interface ExchangeOptions {
  readonly target: HttpTarget;
  /** The request as it is written. */
  readonly head: string;
  readonly body: Uint8Array | string;
  readonly repeatable: boolean;
  readonly timeoutMs: number;
}

export interface ExchangeOutcome {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: HttpError) => void;
}

/** One request and its answer. */
export class Exchange implements Ticking {
  readonly head: string;
  readonly body: Uint8Array | string;
  holder: ExchangeHolder | undefined;
  /** It may be sent once more. */
  repeatable: boolean;
  sent = false;
  answered = false;
  /** Called once, however it ends. */
  onSettled: (() => void) | undefined;
  #ticksLeft: number;
  readonly #server: string;
  readonly #timeoutMs: number;
  readonly #outcome: ExchangeOutcome;

  constructor(options: ExchangeOptions, outcome: ExchangeOutcome) {
    this.head = options.head;
    this.body = options.body;
    this.repeatable = options.repeatable;
    this.#ticksLeft = ticksOf(options.timeoutMs);
    this.#server = options.target.server;
    this.#timeoutMs = options.timeoutMs;
    this.#outcome = outcome;
  }

  /** Called by its holder. */
  tick(): void {
    if (--this.#ticksLeft > 0) return;
    this.fail("http-timeout", `did not answer within ${this.#timeoutMs} ms`);
  }

  succeed(answer: HttpAnswer): void {
    this.holder = undefined;
    this.onSettled?.();
    this.#outcome.resolve(answer);
  }

  /** Fails, with a sentence that begins with the server's name. */
  fail(code: ErrorCode, what: string): void {
    const { sent, answered } = this;
    this.onSettled?.();
    this.holder?.drop(this);
    this.holder = undefined;
    this.#outcome.reject(new HttpError(code, `${this.#server} ${what}`, { sent, answered }));
  }
}
