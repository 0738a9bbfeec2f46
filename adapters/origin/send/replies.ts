import { ServiceError } from "../../../core/base/mod.ts";
import type { Cancel, Clock } from "../../../core/ports/mod.ts";
import { checkTimeout, originLimits, type WaitOptions } from "../base/mod.ts";
import { type Collector, isErrorCode } from "./collectors.ts";

interface Pending {
  readonly collector: Collector<unknown>;
  readonly settle: () => void;
}

/** A command that is about to be sent, and what it will have come to. */
export interface Expected<Result> {
  readonly ref: string;
  readonly result: Promise<Result>;
}

/** Replies that are waited for, by the `ref` of their command. */
export class Replies {
  readonly #clock: Clock;
  readonly #prefix: string;
  readonly #failed: (error: ServiceError) => void;
  readonly #pending: Map<string, Pending> = new Map();
  #count = 0;

  /** Refs begin with `prefix`: in open mode every origin hears the replies to all. */
  constructor(clock: Clock, prefix: string, failed: (error: ServiceError) => void) {
    this.#clock = clock;
    this.#prefix = prefix;
    this.#failed = failed;
  }

  /** Whether one more may be waited for. */
  get full(): boolean {
    return this.#pending.size >= originLimits.repliesMax;
  }

  /**
   * A new ref, and what the collector has once it is done or the time is over. Rejects where the
   * signal says so; throws where it has said so already.
   */
  expect<Result>(collector: Collector<Result>, options: WaitOptions = {}): Expected<Result> {
    const { timeoutMs = originLimits.replyMs, signal } = options;
    checkTimeout(timeoutMs);
    signal?.throwIfAborted();
    if (this.full) throw new ServiceError("send-queue-full", "too many replies are waited for");
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
    // Whoever fails to send does not wait for it; then a signal's end of it concerns nobody.
    result.catch(() => {});
    return { ref, result };
  }

  /** A `reply` event. A command for several nodes gets one from each, a large one several. */
  reply(ref: unknown, result: unknown): void {
    if (typeof result !== "object" || result === null) return;
    if (ref === null) this.#refused(result);
    const pending = typeof ref === "string" ? this.#pending.get(ref) : undefined;
    if (pending === undefined) return;
    pending.collector.take(result as Readonly<Record<string, unknown>>);
    if (pending.collector.done) pending.settle();
  }

  /** A node has died: nobody waits for it any longer. */
  nodeLost(node: string): void {
    for (const { collector, settle } of [...this.#pending.values()]) {
      collector.lost(node);
      if (collector.done) settle();
    }
  }

  /** The origin ends: nobody waits any longer. */
  end(): void {
    for (const { settle } of [...this.#pending.values()]) settle();
  }

  /** An answer to a handshake that came to nothing is told without having been asked for. */
  #refused(result: object): void {
    for (const [id, code] of Object.entries(result)) {
      if (isErrorCode(code)) this.#failed(new ServiceError(code, `the handshake of ${id}`));
    }
  }
}
