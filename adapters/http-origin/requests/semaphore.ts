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
  readonly #waiting: Waiter[] = [];
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
    if (this.#waiting.length >= this.#waitersMax) return Promise.resolve(false);
    return new Promise((resolve) => this.#waiting.push({ deadline, resolve }));
  }

  release(): void {
    const now = this.#now();
    for (let waiter = this.#waiting.shift(); waiter !== undefined; ) {
      if (now <= waiter.deadline) {
        waiter.resolve(true);
        return;
      }
      waiter.resolve(false);
      waiter = this.#waiting.shift();
    }
    this.#free++;
  }
}
