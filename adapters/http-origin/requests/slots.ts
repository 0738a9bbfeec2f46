/** A request that waits for a slot. */
interface Waiter {
  readonly deadline: number;
  readonly resolve: (granted: boolean) => void;
}

/**
 * How many requests may be under way at once. The first to wait is served first. Each request has
 * a time limit, so a slot becomes free within that time. A request whose deadline has passed gets
 * no slot.
 */
export class Slots {
  #free: number;
  readonly #now: () => number;
  readonly #waiting: Waiter[] = [];

  constructor(slots: number, now: () => number) {
    this.#free = slots;
    this.#now = now;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes a slot if one is free. */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Waits for a slot; false where none came until the deadline. */
  wait(deadline: number): Promise<boolean> {
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
