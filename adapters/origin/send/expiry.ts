import { limits, ServiceError } from "../../../core/base/mod.ts";
import type { Cancel, Clock } from "../../../core/ports/mod.ts";

/** When a command that waits in this process must not be sent any more. */
export class Expiry {
  readonly #clock: Clock;
  readonly #expiresAt: number;
  readonly #onExpired: (() => void) | undefined;
  #cancel: Cancel = () => {};
  #over = false;
  #sent = false;

  /** `onExpired` is called once if the command is dropped, as soon as its time is over. */
  constructor(clock: Clock, ttlMs: number, onExpired?: () => void) {
    if (!Number.isFinite(ttlMs) || ttlMs < 0) {
      throw new ServiceError(
        "command-malformed",
        `ttlMs ${String(ttlMs)}: must be a number from 0`,
      );
    }
    this.#clock = clock;
    this.#expiresAt = clock.ticks() + ttlMs;
    this.#onExpired = onExpired;
    if (onExpired === undefined || ttlMs > limits.timerMsMax) return;
    this.#cancel = clock.after(ttlMs + 1, () => {
      if (clock.ticks() >= this.#expiresAt) this.#drop();
    });
  }

  /** Whether a callback reports that the command was dropped. */
  get reportsExpiry(): boolean {
    return this.#onExpired !== undefined;
  }

  /** Whether the command may go out now. Otherwise it is dropped. */
  leave(): boolean {
    if (this.#clock.ticks() > this.#expiresAt) this.#drop();
    this.#sent = !this.#over;
    this.#cancel();
    return this.#sent;
  }

  #drop(): void {
    if (this.#sent || this.#over) return;
    this.#over = true;
    this.#onExpired?.();
  }
}
