import { deleteOldest } from "../base/mod.ts";
import type { Clock } from "../ports/mod.ts";

/** How many streams are remembered. */
export interface StreamMemoryLimits {
  /** Of one sender. */
  readonly perSenderMax: number;
  /** Of all senders together. */
  readonly streamsMax: number;
  /** A sender that was silent for so long makes room for a new one. */
  readonly senderSilentMs: number;
}

interface Sender<Stream> {
  /** In the order of last use: the first is forgotten first. */
  readonly streams: Map<string, Stream>;
  usedAt: number;
}

/**
 * The streams that a receiver knows, of each sender its own: names can be guessed, and two senders
 * may choose the same one. A sender with many makes room among its own, so that nobody can make
 * another sender's be forgotten.
 */
export class StreamMemory<Stream> {
  readonly #clock: Pick<Clock, "ticks">;
  readonly #limits: StreamMemoryLimits;
  /** In the order of last use. */
  readonly #senders: Map<string, Sender<Stream>> = new Map();
  #size = 0;

  constructor(clock: Pick<Clock, "ticks">, limits: StreamMemoryLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get(sender: string, name: string): Stream | undefined {
    const known = this.#senders.get(sender);
    if (known === undefined) return undefined;
    known.usedAt = this.#clock.ticks();
    this.#senders.delete(sender);
    this.#senders.set(sender, known);
    const stream = known.streams.get(name);
    if (stream !== undefined) {
      known.streams.delete(name);
      known.streams.set(name, stream);
    }
    return stream;
  }

  /** Remembers a new stream. Returns false if the streams of other senders take all the room. */
  add(sender: string, name: string, stream: Stream): boolean {
    const { perSenderMax, streamsMax } = this.#limits;
    const known = this.#senders.get(sender) ?? {
      streams: new Map<string, Stream>(),
      usedAt: this.#clock.ticks(),
    };
    const { streams } = known;
    const full = this.#size >= streamsMax;
    if (streams.size >= perSenderMax || (full && streams.size > 0)) {
      deleteOldest(streams);
      this.#size--;
    } else if (full && !this.#forgetSilent()) return false;
    streams.set(name, stream);
    this.#size++;
    this.#senders.set(sender, known);
    return true;
  }

  *values(): IterableIterator<Stream> {
    for (const { streams } of this.#senders.values()) yield* streams.values();
  }

  /** Forgets senders that were silent for so long that they repeat nothing. True if any was. */
  #forgetSilent(): boolean {
    const before = this.#clock.ticks() - this.#limits.senderSilentMs;
    for (const [name, { streams, usedAt }] of this.#senders) {
      if (usedAt > before) break;
      this.#senders.delete(name);
      this.#size -= streams.size;
    }
    return this.#size < this.#limits.streamsMax;
  }
}
