import type { Clock } from "../../../core/ports/mod.ts";
import { originLimits } from "../base/mod.ts";

/** Waits, while an origin leaves, until its nodes have nothing more for it. */
export class LeaveWaiter {
  readonly #clock: Clock;
  readonly #nodes: Set<string> = new Set();
  #done: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when all of `nodes` have handed over, or `originLimits.handOverMs` are over. */
  begin(nodes: readonly string[]): Promise<void> {
    if (nodes.length === 0) return Promise.resolve();
    for (const node of nodes) this.#nodes.add(node);
    return new Promise((resolve) => {
      const cancel = this.#clock.after(originLimits.handOverMs, resolve);
      this.#done = () => {
        cancel();
        resolve();
      };
    });
  }

  /** A node has nothing more for this origin, or is no more. */
  released(node: string): void {
    if (this.#nodes.delete(node) && this.#nodes.size === 0) this.#done();
  }
}
