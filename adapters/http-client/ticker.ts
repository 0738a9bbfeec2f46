import { limits } from "../../core/base/mod.ts";
import type { Cancel, Clock } from "../../core/ports/mod.ts";

/** Has a time limit, counted in ticks. */
export interface Ticking {
  /** Time has passed: `limits.httpTickMs`. */
  tick(): void;
}

/** Ticks after which at least this time has passed. */
export function ticksOf(ms: number): number {
  return Math.ceil(ms / limits.httpTickMs) + 1;
}

/** Counts ticks down, and calls back once. */
export class Countdown implements Ticking {
  #ticksLeft: number;
  readonly #late: () => void;

  constructor(ms: number, late: () => void) {
    this.#ticksLeft = ticksOf(ms);
    this.#late = late;
  }

  tick(): void {
    this.#ticksLeft--;
    if (this.#ticksLeft === 0) this.#late();
  }
}

/**
 * One timer for all requests and connections. A timer for each request would cost more than the
 * request. A change of the system's clock does not affect ticks.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #all: Set<Ticking> = new Set();
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(one: Ticking): void {
    this.#all.add(one);
    if (this.#cancel === undefined) this.#plan();
  }

  delete(one: Ticking): void {
    this.#all.delete(one);
  }

  #plan(): void {
    this.#cancel = this.#clock.after(limits.httpTickMs, () => this.#tick());
  }

  #tick(): void {
    this.#cancel = undefined;
    for (const one of this.#all) one.tick();
    // A callback may have started it again.
    if (this.#all.size > 0 && this.#cancel === undefined) this.#plan();
  }
}
