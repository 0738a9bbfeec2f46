import type { Clock } from "../../../core/ports/mod.ts";
import { originLimits } from "../base/mod.ts";

/** A change of members in progress, or a publish that waits for the changes before it. */
interface Entry {
  done: boolean;
  readonly publish?: () => void;
}

/**
 * Keeps the order between the joins and leaves of a group and the publishes to it. They have
 * different topics: joins go to the members' nodes, publishes to the group.
 */
export class PublishBarrier {
  readonly #clock: Clock;
  readonly #groups: Map<string, Entry[]> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A change of the group's members has begun. It ends with its answer, or after a time. */
  change(group: string, answer: Promise<unknown>): void {
    const entry: Entry = { done: false };
    this.#entries(group).push(entry);
    const end = (): void => {
      if (entry.done) return;
      entry.done = true;
      cancel();
      this.#advance(group);
    };
    const cancel = this.#clock.after(originLimits.publishBarrierMs, end);
    answer.then(end, end);
  }

  /** Publishes when every change before it has ended. */
  publish(group: string, publish: () => void): void {
    if (!this.#groups.has(group)) publish();
    else this.#entries(group).push({ done: true, publish });
  }

  /** The origin is closing: every change ends, and what waits is published. */
  end(): void {
    for (const [group, entries] of this.#groups) {
      for (const entry of entries) entry.done = true;
      this.#advance(group);
    }
  }

  #entries(group: string): Entry[] {
    let entries = this.#groups.get(group);
    if (entries === undefined) {
      entries = [];
      this.#groups.set(group, entries);
    }
    return entries;
  }

  #advance(group: string): void {
    const entries = this.#groups.get(group);
    if (entries === undefined) return;
    let at = 0;
    while (entries[at]?.done === true) at++;
    // Removed first, because a publish may add entries.
    const ready = entries.splice(0, at);
    if (entries.length === 0) this.#groups.delete(group);
    for (const { publish } of ready) publish?.();
  }
}
