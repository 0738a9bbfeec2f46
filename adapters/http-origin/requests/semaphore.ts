import { httpOriginLimits } from "./http-origin-limits.ts";

/** A request that waits for a permit. */
interface Waiter {
  readonly deadline: number;
  readonly resolve: (granted: boolean) => void;
}

/**
 * A semaphore: how many requests may be under way at once. The first to wait is served first. Each
 * request has a time limit, so a permit becomes free within that time. A request gets none after
 * its deadline. Events have no deadline: the window of events limits how many of them wait.
 */
export class Semaphore {
  #free: number;
  readonly #now: () => number;
  /** From `#first` on; the places before it are empty. */
  #waiting: (Waiter | undefined)[] = [];
  #first = 0;
  readonly #waitersMax: number;

  constructor(
    permits: number,
    now: () => number,
    waitersMax: number = httpOriginLimits.permitWaitersMax,
  ) {
    this.#free = permits;
    this.#now = now;
    this.#waitersMax = waitersMax;
  }

  /** Takes a permit if one is free. */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Waits for a permit; false if none came until the deadline, or too many wait already. */
  wait(deadline: number): Promise<boolean> {
    if (this.#waiting.length - this.#first >= this.#waitersMax) return Promise.resolve(false);
    return new Promise((resolve) => this.#waiting.push({ deadline, resolve }));
  }

  release(): void {
    const now = this.#now();
    for (let waiter = this.#next(); waiter !== undefined; waiter = this.#next()) {
      const inTime = now <= waiter.deadline;
      waiter.resolve(inTime);
      if (inTime) return;
    }
    this.#free++;
  }

  /** `shift` would move all that wait, which may be a million. */
  #next(): Waiter | undefined {
    const waiter = this.#waiting[this.#first];
    if (waiter === undefined) return undefined;
    this.#waiting[this.#first++] = undefined;
    if (this.#first > 1_024 && 2 * this.#first > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    return waiter;
  }
}
