import { limits } from "./base/mod.ts";

/** How a numbered batch stands in its stream. */
export interface BatchNumbers {
  /** Number of its first item. */
  readonly first: number;
  readonly items: number;
  /** Number of the oldest item that its sender could still send again; -1 where it is silent. */
  readonly base: number;
}

/** What to do with a numbered batch. */
export interface Admission {
  /** Items at its start that were seen before. */
  readonly skip: number;
  /** Items before it that never came: nothing of it is handled. */
  readonly gap: number;
  /** Number of the next item expected: what an `ack` says. */
  readonly next: number;
}

/**
 * The numbered command streams that this node receives: drops what was seen, finds gaps.
 * A stream seen for the first time is taken from wherever it stands: this node may be younger.
 * Where its sender could begin earlier, the head of the stream was lost on the way, and is asked
 * for.
 */
export class CommandStreams {
  /** Next number by stream, in the order of last use: the first is forgotten first. */
  readonly #next = new Map<string, number>();

  admit(stream: string, { first, items, base }: BatchNumbers): Admission {
    const known = this.#next.get(stream);
    // A stream that is not known is not kept for its gap: the next batch's base may be higher.
    const next = known ?? (base >= 0 && base < first ? base : first);
    if (first > next) return { skip: 0, gap: first - next, next };
    const after = Math.max(next, first + items);
    this.#next.delete(stream);
    this.#next.set(stream, after);
    if (this.#next.size > limits.commandStreamsMax) {
      for (const oldest of this.#next.keys()) {
        this.#next.delete(oldest);
        break;
      }
    }
    return { skip: Math.min(next - first, items), gap: 0, next: after };
  }
}
