import { CloseCause, every, limits } from "../base/mod.ts";
import type { Connection } from "../connection/mod.ts";
import { Outcome } from "../groups/mod.ts";
import type { Cancel, Clock } from "../ports/mod.ts";
import type { PendingReply } from "./pending-reply.ts";

interface Unsent {
  readonly reply: PendingReply;
  readonly connection: Connection;
  /** The connection's `sentBytes` after the message. */
  readonly upTo: number;
  readonly until: number;
}

/**
 * Tells the senders of messages when the kernel has them. The kernel has most after the flush;
 * the others are checked again until it has, for at most `limits.sentWaitMs`.
 */
export class FlushTracker {
  readonly #clock: Clock;
  readonly #compressed: boolean;
  #fresh: Unsent[] = [];
  #waiting: Unsent[] = [];
  #cancel: Cancel | undefined;

  /** `compressed`: a socket may send fewer bytes than a message has. */
  constructor(clock: Clock, compressed: boolean) {
    this.#clock = clock;
    this.#compressed = compressed;
  }

  /** A message was queued. Its outcome is expected by the reply already. */
  add(reply: PendingReply, connection: Connection): void {
    const until = this.#clock.ticks() + limits.sentWaitMs;
    this.#fresh.push({ reply, connection, upTo: connection.sentBytes, until });
  }

  /** Every socket was flushed. */
  flushed(): void {
    if (this.#fresh.length === 0) return;
    const fresh = this.#fresh;
    this.#fresh = [];
    this.#look(fresh, false);
    if (this.#waiting.length === 0) return;
    this.#cancel ??= every(this.#clock, limits.sentTickMs, () => this.#tick());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #tick(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#look(waiting, true);
    if (this.#waiting.length === 0) this.stop();
  }

  #look(unsent: readonly Unsent[], again: boolean): void {
    const now = this.#clock.ticks();
    for (const message of unsent) {
      const outcome = isLost(message.connection, again)
        ? Outcome.gone
        : this.#outcomeOf(message, now);
      if (outcome === undefined) this.#waiting.push(message);
      else message.reply.settle(message.connection.id, outcome);
    }
  }

  #outcomeOf({ connection, upTo, until }: Unsent, now: number): Outcome | undefined {
    const { closing, sentBytes, socket } = connection;
    if (closing === CloseCause.slow) return Outcome.slow;
    const { bufferedAmount } = socket;
    // With compression fewer bytes wait than were queued: only an empty queue is certain.
    const taken = this.#compressed ? -1 : sentBytes - bufferedAmount;
    if (bufferedAmount === 0 || taken >= upTo) return Outcome.sent;
    return now >= until ? Outcome.slow : undefined;
  }
}

/** A closed socket has nothing buffered, so its empty queue does not mean sent. */
function isLost({ closing }: Connection, again: boolean): boolean {
  if (closing === undefined || closing === CloseCause.slow) return false;
  // The gateway flushes before it closes. A client may have left before the turn's flush.
  return again || closing === CloseCause.client || closing === CloseCause.error;
}
