import { limits } from "./base/mod.ts";

/** What to do with a numbered batch. */
export interface Admission {
  /** Items at its start that were seen before. */
  readonly skip: number;
  /** Items before it that never came: nothing of it is handled. */
  readonly gap: number;
}

/**
 * The numbered command streams that this node receives: drops what was seen, finds gaps.
 * A stream seen for the first time is taken from wherever it stands: this node may be younger.
 */
export class CommandStreams {
  /** Next number by stream, in the order of last use: the first is forgotten first. */
  readonly #next = new Map<string, number>();

  admit(stream: string, first: number, items: number): Admission {
    const next = this.#next.get(stream) ?? first;
    if (first > next) return { skip: 0, gap: first - next };
    this.#next.delete(stream);
    this.#next.set(stream, Math.max(next, first + items));
    if (this.#next.size > limits.commandStreamsMax) {
      for (const oldest of this.#next.keys()) {
        this.#next.delete(oldest);
        break;
      }
    }
    return { skip: Math.min(next - first, items), gap: 0 };
  }

  /** Number of the next item expected: what an `ack` says. */
  next(stream: string): number {
    return this.#next.get(stream) ?? 0;
  }
}
