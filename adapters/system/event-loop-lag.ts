import { limits } from "../../core/base/mod.ts";
import type { Cancel, Clock } from "../../core/ports/mod.ts";

/**
 * How late the event loop runs timers: while it is late it serves nobody. The longest delay of the
 * last seconds is remembered, so that who asks after a stall learns of it.
 */
export class EventLoopLag {
  readonly #clock: Clock;
  /** When the timer is due, in ticks. */
  #due: number;
  #windowAt: number;
  /** The longest delay of the present window, and of the one before it. */
  #longest = 0;
  #former = 0;
  #cancel: Cancel = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#windowAt = this.#due = clock.ticks();
  }

  start(): void {
    this.#plan(this.#clock.ticks());
  }

  stop(): void {
    this.#cancel();
    this.#due = Number.POSITIVE_INFINITY;
  }

  /** The longest delay of the last `limits.loopWindowMs`, or of up to twice that. */
  longestMs(): number {
    const now = this.#clock.ticks();
    this.#note(now);
    return Math.max(this.#longest, this.#former);
  }

  #plan(now: number): void {
    this.#due = now + limits.loopTickMs;
    this.#cancel = this.#clock.after(limits.loopTickMs, () => {
      const at = this.#clock.ticks();
      this.#note(at);
      this.#plan(at);
    });
  }

  #note(now: number): void {
    const windows = Math.floor((now - this.#windowAt) / limits.loopWindowMs);
    if (windows > 0) {
      this.#former = windows === 1 ? this.#longest : 0;
      this.#longest = 0;
      this.#windowAt += windows * limits.loopWindowMs;
    }
    // The timer may be late just now: who asks comes before it.
    this.#longest = Math.max(this.#longest, now - this.#due);
  }
}
