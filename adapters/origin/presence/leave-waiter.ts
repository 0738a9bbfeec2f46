import type { Clock } from "../../../core/ports/mod.ts";
import { originLimits } from "../base/mod.ts";

/** Waits, while an origin leaves, until its nodes have given everything to other origins. */
export class LeaveWaiter {
  readonly #clock: Clock;
  readonly #nodes: Set<string> = new Set();
  #done: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when all of `nodes` have released the origin, or after `leaveWaitMs`. */
  begin(nodes: readonly string[]): Promise<void> {
    if (nodes.length === 0) return Promise.resolve();
    for (const node of nodes) this.#nodes.add(node);
    return new Promise((resolve) => {
      const cancel = this.#clock.after(originLimits.leaveWaitMs, resolve);
      this.#done = () => {
        cancel();
        resolve();
      };
    });
  }

  /** A node has nothing left for this origin, or is dead. */
  released(node: string): void {
    if (this.#nodes.delete(node) && this.#nodes.size === 0) this.#done();
  }
}
