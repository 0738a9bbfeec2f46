import { ServiceError } from "../../../core/base/mod.ts";
import type { Cancel, Clock } from "../../../core/ports/mod.ts";
import type { SendOutcome } from "./events.ts";
import { originLimits } from "./origin-limits.ts";

interface Pending {
  readonly outcomes: Map<string, SendOutcome>;
  left: number;
  readonly settle: () => void;
}

/** Replies that are waited for, by the `ref` of their command. */
export class Replies {
  readonly #clock: Clock;
  readonly #prefix: string;
  readonly #pending: Map<string, Pending> = new Map();
  #count = 0;

  /** Refs begin with `prefix`: every origin hears the replies to all. */
  constructor(clock: Clock, prefix: string) {
    this.#clock = clock;
    this.#prefix = prefix;
  }

  /** A new ref, and the outcomes of `ids` once all are known or the time is over. */
  expect(
    ids: readonly string[],
    timeoutMs: number,
  ): { ref: string; outcomes: Promise<ReadonlyMap<string, SendOutcome>> } {
    if (this.#pending.size >= originLimits.repliesMax) {
      throw new ServiceError("send-queue-full", "too many replies are waited for");
    }
    const ref = `${this.#prefix}:${this.#count++}`;
    const outcomes = new Map<string, SendOutcome>(ids.map((id) => [id, "unknown"]));
    const promise = new Promise<ReadonlyMap<string, SendOutcome>>((resolve) => {
      let cancel: Cancel = () => {};
      const settle = (): void => {
        cancel();
        this.#pending.delete(ref);
        resolve(outcomes);
      };
      cancel = this.#clock.after(timeoutMs, settle);
      this.#pending.set(ref, { outcomes, left: outcomes.size, settle });
      if (outcomes.size === 0) settle();
    });
    return { ref, outcomes: promise };
  }

  /** A `reply` event: `{id: outcome}`. A command for several nodes gets one from each. */
  reply(ref: unknown, result: unknown): void {
    const pending = typeof ref === "string" ? this.#pending.get(ref) : undefined;
    if (pending === undefined || typeof result !== "object" || result === null) return;
    for (const [id, outcome] of Object.entries(result)) {
      if (pending.outcomes.get(id) !== "unknown") continue;
      if (outcome !== "sent" && outcome !== "gone" && outcome !== "slow") continue;
      pending.outcomes.set(id, outcome);
      pending.left--;
    }
    if (pending.left === 0) pending.settle();
  }

  /** The origin ends: nobody waits any longer. */
  end(): void {
    for (const { settle } of [...this.#pending.values()]) settle();
  }
}
