import { limits } from "../base/mod.ts";
import type { Clock } from "../ports/mod.ts";

/** How a numbered batch stands in its stream. */
export interface BatchNumbers {
  /** Its sender's own name for it. */
  readonly stream: string;
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

/** What is remembered of one sender. */
interface Sender {
  /** Next number by stream, in the order of last use: the first is forgotten first. */
  readonly next: Map<string, number>;
  usedAt: number;
}

/**
 * The numbered command streams that this node receives: drops what was seen, finds gaps.
 * A stream seen for the first time is taken from wherever it stands: this node may be younger.
 * Where its sender could begin earlier, the head of the stream was lost on the way, and is asked
 * for.
 *
 * A stream is its sender's: names can be guessed, and two senders may choose the same one. Whoever
 * has many makes room among its own, so that nobody can make the node forget another's.
 */
export class CommandStreams {
  readonly #clock: Clock;
  /** In the order of last use. */
  readonly #senders = new Map<string, Sender>();
  #size = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined where the stream is new and there is no room to remember it. */
  admit(name: string, { stream, first, items, base }: BatchNumbers): Admission | undefined {
    const sender = this.#sender(name);
    const known = sender?.next.get(stream);
    // A stream that is not known is not kept for its gap: the next batch's base may be higher.
    const next = known ?? (base >= 0 && base < first ? base : first);
    if (first > next) return { skip: 0, gap: first - next, next };
    const after = Math.max(next, first + items);
    if (!this.#remember(name, stream, after)) return undefined;
    return { skip: Math.min(next - first, items), gap: 0, next: after };
  }

  #sender(name: string): Sender | undefined {
    const sender = this.#senders.get(name);
    if (sender === undefined) return undefined;
    sender.usedAt = this.#clock.now();
    this.#senders.delete(name);
    this.#senders.set(name, sender);
    return sender;
  }

  #remember(name: string, stream: string, next: number): boolean {
    const sender = this.#senders.get(name) ?? { next: new Map(), usedAt: this.#clock.now() };
    const { next: streams } = sender;
    if (streams.delete(stream)) {
      streams.set(stream, next);
      return true;
    }
    const full = (): boolean => this.#size >= limits.commandStreamsMax;
    if (streams.size >= limits.commandStreamsPerSenderMax || (full() && streams.size > 0)) {
      this.#forgetOldest(streams);
    } else if (full()) {
      this.#forgetSilent();
      if (full()) return false;
    }
    streams.set(stream, next);
    this.#size++;
    this.#senders.set(name, sender);
    return true;
  }

  #forgetOldest(streams: Map<string, number>): void {
    for (const oldest of streams.keys()) {
      streams.delete(oldest);
      this.#size--;
      return;
    }
  }

  /** Who was silent so long has given up by now what it could send again. */
  #forgetSilent(): void {
    const before = this.#clock.now() - limits.commandSenderSilentMs;
    for (const [name, { next, usedAt }] of this.#senders) {
      if (usedAt > before) return;
      this.#senders.delete(name);
      this.#size -= next.size;
    }
  }
}
