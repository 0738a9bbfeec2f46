import { CloseCause, type ErrorCode, every, limits } from "../base/mod.ts";
import type { Connection } from "../connection/mod.ts";
import { Outcome } from "../groups/mod.ts";
import type { Cancel, Clock } from "../ports/mod.ts";

/** Collects the outcomes of one command and, when all are known, sends the reply. */
export interface Answer {
  /** One more outcome is to come. */
  expect(): void;
  /** An outcome, of those expected. */
  settle(id: string, outcome: Outcome): void;
  /** The command is carried out: no further outcome will be announced. */
  end(): void;
}

/** Sends one `reply`. */
export type Reply = (result: Readonly<Record<string, unknown>>) => void;

abstract class CountedAnswer implements Answer {
  #expected = 0;
  #ended = false;

  expect(): void {
    this.#expected++;
  }

  settle(id: string, outcome: Outcome): void {
    this.note(id, outcome);
    this.#expected--;
    this.#tellIfDone();
  }

  end(): void {
    this.#ended = true;
    this.#tellIfDone();
  }

  #tellIfDone(): void {
    if (this.#ended && this.#expected === 0) this.tell();
  }

  protected abstract note(id: string, outcome: Outcome): void;
  protected abstract tell(): void;
}

/** `{id: outcome}`, at most `limits.replyIdsMax` in a reply; no reply where no id is here. */
export class AnswerById extends CountedAnswer {
  readonly #reply: Reply;
  readonly #outcomes: Map<string, Outcome> = new Map();

  constructor(reply: Reply) {
    super();
    this.#reply = reply;
  }

  protected note(id: string, outcome: Outcome): void {
    // It is no id, and decoders in JavaScript refuse a whole batch that has it as a key.
    if (id !== "__proto__") this.#outcomes.set(id, outcome);
  }

  protected tell(): void {
    const entries = [...this.#outcomes];
    for (let from = 0; from < entries.length; from += limits.replyIdsMax) {
      this.#reply(Object.fromEntries(entries.slice(from, from + limits.replyIdsMax)));
    }
  }
}

/** `{node, sent, slow, gone, expired}`: how many members each outcome had. */
export class AnswerByCount extends CountedAnswer {
  readonly #reply: Reply;
  readonly #counts: Record<string, unknown>;

  constructor(node: string, reply: Reply) {
    super();
    this.#reply = reply;
    this.#counts = { node, sent: 0, slow: 0, gone: 0, expired: 0 };
  }

  /** Replies with an error in place of counts. */
  refuse(error: ErrorCode): void {
    this.#reply({ node: this.#counts.node, error });
  }

  protected note(_id: string, outcome: Outcome): void {
    this.#counts[outcome] = (this.#counts[outcome] as number) + 1;
  }

  protected tell(): void {
    this.#reply(this.#counts);
  }
}

interface Unsent {
  readonly answer: Answer;
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

  /** A message was queued. Its outcome is expected by the answer already. */
  add(answer: Answer, connection: Connection): void {
    const until = this.#clock.now() + limits.sentWaitMs;
    this.#fresh.push({ answer, connection, upTo: connection.sentBytes, until });
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
    const now = this.#clock.now();
    for (const message of unsent) {
      const outcome = isLost(message.connection, again)
        ? Outcome.gone
        : this.#outcomeOf(message, now);
      if (outcome === undefined) this.#waiting.push(message);
      else message.answer.settle(message.connection.id, outcome);
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
