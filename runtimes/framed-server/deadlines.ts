import type { Clock } from "../../core/ports/mod.ts";

/** What must have happened to within some time. */
export interface Waiting {
  late(): void;
}

/**
 * Everything that waits equally long, with one timer: the first one to come is the first one to be
 * late. A flood of streams would need a timer for each otherwise.
 */
export class Deadlines<Item extends Waiting> {
  readonly #clock: Clock;
  /** 0: without a limit. */
  readonly #ms: number;
  /** When each is late, in the order of these times. */
  readonly #lateAt: Map<Item, number> = new Map();
  #armed = false;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  /** Begins an item's time, or begins it again. */
  start(item: Item): void {
    this.#lateAt.delete(item);
    this.#lateAt.set(item, this.#clock.ticks() + this.#ms);
    if (this.#ms > 0 && !this.#armed) this.#arm(this.#ms);
  }

  stop(item: Item): void {
    this.#lateAt.delete(item);
  }

  /** Everything that waits now. */
  items(): readonly Item[] {
    return [...this.#lateAt.keys()];
  }

  #arm(ms: number): void {
    this.#armed = true;
    // Where the process was held up, bytes that came in time are read before the end of the turn.
    this.#clock.after(ms, () => this.#clock.endOfTurn(() => this.#look()));
  }

  #look(): void {
    this.#armed = false;
    const now = this.#clock.ticks();
    for (const [item, lateAt] of this.#lateAt) {
      if (lateAt > now) {
        if (!this.#armed) this.#arm(Math.max(1, Math.ceil(lateAt - now)));
        return;
      }
      this.#lateAt.delete(item);
      item.late();
    }
  }
}
