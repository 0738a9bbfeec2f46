import { setImmediate } from "node:timers";
import { serviceLimits } from "./service-limits.ts";

/** Long work in slices: the event loop turns in between, so that nobody waits for all of it. */
export class Pace {
  #beganAt = performance.now();

  /** Whether the work has taken its share of this turn. */
  get isDue(): boolean {
    return performance.now() - this.#beganAt >= serviceLimits.sliceMs;
  }

  /** Resolves in the next turn. */
  async turn(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#beganAt = performance.now();
  }

  /** Calls back for each item. */
  async each<Item>(
    items: Iterable<Item>,
    use: (item: Item, index: number) => void,
  ): Promise<void> {
    let index = 0;
    for (const item of items) {
      use(item, index++);
      if (this.isDue) await this.turn();
    }
  }
}
