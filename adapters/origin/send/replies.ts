import { isErrorCode, ServiceError } from "../../../core/base/mod.ts";
import type { Cancel, Clock } from "../../../core/ports/mod.ts";
import { checkTimeout, originLimits, type WaitOptions } from "../base/mod.ts";
import type { Collector } from "./collectors.ts";

interface Pending {
  readonly collector: Collector<unknown>;
  readonly settle: () => void;
}

/** The `ref` of a command that is about to be sent, and its result. */
export interface Expected<Result> {
  readonly ref: string;
  readonly result: Promise<Result>;
}

/** Expected replies, by the `ref` of their command. */
export class Replies {
  readonly #clock: Clock;
  readonly #prefix: string;
  readonly #failed: (error: ServiceError) => void;
  readonly #pending: Map<string, Pending> = new Map();
  #count = 0;

  /** Refs begin with `prefix`: in open mode every origin receives every reply. */
  constructor(clock: Clock, prefix: string, failed: (error: ServiceError) => void) {
    this.#clock = clock;
    this.#prefix = prefix;
    this.#failed = failed;
  }

  get full(): boolean {
    return this.#pending.size >= originLimits.repliesMax;
  }

  /**
   * A new ref, and the collector's result once it is complete or the time is over. The result
   * rejects if the signal aborts. Throws if it is aborted already.
   */
  expect<Result>(collector: Collector<Result>, options: WaitOptions = {}): Expected<Result> {
    const { timeoutMs = originLimits.replyMs, signal } = options;
    checkTimeout(timeoutMs);
    signal?.throwIfAborted();
    if (this.full) throw new ServiceError("send-queue-full", "too many commands wait for a reply");
    const ref = `${this.#prefix}:${this.#count++}`;
    const result = new Promise<Result>((resolve, reject) => {
      let cancel: Cancel = () => {};
      const end = (): void => {
        cancel();
        signal?.removeEventListener("abort", aborted);
        this.#pending.delete(ref);
      };
      const settle = (): void => {
        end();
        resolve(collector.result());
      };
      const aborted = (): void => {
        end();
        reject(signal?.reason);
      };
      cancel = this.#clock.after(timeoutMs, settle);
      signal?.addEventListener("abort", aborted);
      this.#pending.set(ref, { collector, settle });
      if (collector.done) settle();
    });
    // If sending fails, nobody waits for the result, and its rejection would count as unhandled.
    result.catch(() => {});
    return { ref, result };
  }

  /** A `reply` item. A command for several nodes gets one from each, and a large one several. */
  reply(ref: unknown, result: unknown): void {
    if (typeof result !== "object" || result === null) return;
    if (ref === null) this.#refused(result);
    const pending = typeof ref === "string" ? this.#pending.get(ref) : undefined;
    if (pending === undefined) return;
    pending.collector.take(result as Readonly<Record<string, unknown>>);
    if (pending.collector.done) pending.settle();
  }

  /** Nobody waits for these replies any more: the result is what is known so far. */
  settle(ref: string): void {
    this.#pending.get(ref)?.settle();
  }

  /** A node has died: its replies are not expected any more. */
  nodeLost(node: string): void {
    for (const { collector, settle } of [...this.#pending.values()]) {
      collector.lost(node);
      if (collector.done) settle();
    }
  }

  /** The origin is closed: every result is what is known so far. */
  end(): void {
    for (const { settle } of [...this.#pending.values()]) settle();
  }

  /** A node tells without a `ref` that an answer to a handshake failed. */
  #refused(result: object): void {
    for (const [id, code] of Object.entries(result)) {
      if (isErrorCode(code))
        this.#failed(new ServiceError(code, `the answer to the handshake of ${id} failed`));
    }
  }
}
