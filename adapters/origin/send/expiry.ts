import { ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import { originLimits } from "../base/mod.ts";

/** The time after which a command must not be sent any more, while it waits here. */
export class Expiry {
  readonly #clock: Clock;
  readonly #expiresAt: number;
  readonly #told: (() => void) | undefined;
  #over = false;
  #sent = false;

  /** `told` is called once where the command is dropped; it waits for no turn of the command's. */
  constructor(clock: Clock, ttlMs: number, told?: () => void) {
    if (!Number.isFinite(ttlMs) || ttlMs < 0) {
      throw new ServiceError("command-malformed", `ttlMs ${String(ttlMs)}: a number from 0`);
    }
    this.#clock = clock;
    this.#expiresAt = clock.now() + ttlMs;
    this.#told = told;
    if (told === undefined || ttlMs > originLimits.timerMsMax) return;
    clock.after(ttlMs + 1, () => {
      if (clock.now() >= this.#expiresAt) this.#drop();
    });
  }

  /** Somebody is told that it was dropped. */
  get isTold(): boolean {
    return this.#told !== undefined;
  }

  /** Whether the command may go out now; if not, it never may. */
  leave(): boolean {
    if (this.#clock.now() > this.#expiresAt) this.#drop();
    this.#sent = !this.#over;
    return this.#sent;
  }

  #drop(): void {
    if (this.#sent || this.#over) return;
    this.#over = true;
    this.#told?.();
  }
}
