import { limits } from "../base/mod.ts";
import type { Clock, OriginPresence } from "../ports/mod.ts";
import type { EventStream } from "./event-stream.ts";

/** Whose stream it is. */
export interface StreamOrigin {
  readonly name: string;
  readonly presence: OriginPresence;
}

/** How a stream fares that is looked at once in a while. */
export type StreamState = "fine" | "probed" | "stuck" | "refused";

/** An origin's stream and its progress. It ends when the origin leaves, dies or starts anew. */
export class AckMonitor {
  readonly origin: StreamOrigin;
  readonly stream: EventStream;
  readonly #clock: Clock;
  /** The origin finishes what it was given. */
  leaving = false;
  /** When something was last confirmed, or there was nothing to confirm. */
  #progressAt: number;
  #repeatedAt = 0;
  #probedAt: number;
  #probeMs: number = limits.ackProbeMs;
  /** Number after the batch that was sent as a probe and is not answered. */
  #probed: number | undefined;

  constructor(origin: StreamOrigin, stream: EventStream, clock: Clock) {
    this.origin = origin;
    this.stream = stream;
    this.#clock = clock;
    this.#progressAt = clock.now();
    this.#probedAt = this.#progressAt;
  }

  /** Everything that was published is confirmed. */
  get idle(): boolean {
    return this.stream.window.confirmed >= this.stream.window.published;
  }

  /**
   * The origin has handled every item below `count`. Where it also says up to where it has
   * `received` them, it has seen a gap, or a batch it knew: what lies behind is sent again. True
   * where it was.
   */
  acknowledge(count: number, received: number | undefined): boolean {
    if (this.stream.acknowledge(count)) this.rest();
    const from = received ?? this.#missedFrom();
    this.#probed = undefined;
    if (from === undefined || from >= this.stream.window.published) return false;
    const now = this.#clock.now();
    if (now - this.#repeatedAt < limits.repeatMs) return false;
    this.#repeatedAt = now;
    this.stream.repeat(from);
    return true;
  }

  /** A probe that was taken as new had been lost, and what was published after it may be too. */
  #missedFrom(): number | undefined {
    const { confirmed } = this.stream.window;
    return this.#probed !== undefined && confirmed >= this.#probed ? confirmed : undefined;
  }

  /** Progress was made, or could not be. */
  rest(): void {
    this.#progressAt = this.#clock.now();
    this.#probedAt = this.#progressAt;
    this.#probeMs = limits.ackProbeMs;
  }

  /** Asks the origin where it stands when it has said nothing for long. */
  check(ackTimeoutMs: number): StreamState {
    if (this.stream.refused !== undefined) return "refused";
    if (this.idle) {
      this.rest();
      return "fine";
    }
    const now = this.#clock.now();
    if (now - this.#progressAt >= ackTimeoutMs) return "stuck";
    if (now - this.#probedAt < this.#probeMs) return "fine";
    this.#probedAt = now;
    this.#probeMs = Math.min(2 * this.#probeMs, limits.ackProbeMsMax);
    this.#probed = this.stream.probe();
    return "probed";
  }
}
