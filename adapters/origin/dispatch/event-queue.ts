import type { BatchRecord } from "../../../core/streams/mod.ts";
import type { OriginEvent } from "../base/mod.ts";

/** What all queues of an origin hold together. */
export interface WaitingBudget {
  events: number;
  bytes: number;
}

interface Waiting {
  /** None: an event came again, and its batch is handled when all before this is. */
  readonly event: OriginEvent | undefined;
  readonly record: BatchRecord | undefined;
}

/** Who gives a queue its events, and keeps it bounded. */
export interface QueueOwner {
  /** The queue is to be given events from now on; false where no more will come. */
  begun(queue: EventQueue): boolean;
  ended(queue: EventQueue): void;
}

/**
 * Events that wait for one `for await`. It begins with the first `next`: one that nobody iterates
 * must neither grow nor hold back what is confirmed.
 */
export class EventQueue implements AsyncIterableIterator<OriginEvent> {
  readonly #budget: WaitingBudget;
  readonly #owner: QueueOwner;
  #begun = false;
  #events: Waiting[] = [];
  /** Of the event that was given last: it is handled when the next one is asked for. */
  #given: BatchRecord | undefined;
  #head = 0;
  #ended = false;
  #takers: ((result: IteratorResult<OriginEvent>) => void)[] = [];

  constructor(budget: WaitingBudget, owner: QueueOwner) {
    this.#budget = budget;
    this.#owner = owner;
  }

  push(event: OriginEvent, record?: BatchRecord): void {
    if (this.#ended) return;
    if (record !== undefined) record.pending++;
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      this.#given = record;
      taker({ done: false, value: event });
      return;
    }
    this.#events.push({ event, record });
    this.#count(event, 1);
  }

  /** An event of this batch was given, or waits, already. */
  again(record: BatchRecord): void {
    const waits = this.#head < this.#events.length;
    if (this.#ended || (!waits && this.#given === undefined)) return;
    record.pending++;
    this.#events.push({ event: undefined, record });
  }

  /** No more is to come; what is there is still given. */
  end(): void {
    this.#ended = true;
    this.#owner.ended(this);
    for (const taker of this.#takers.splice(0)) taker({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<OriginEvent>> {
    if (!this.#begun && !this.#ended) {
      this.#begun = true;
      this.#ended = !this.#owner.begun(this);
    }
    this.#settle(this.#given);
    this.#given = undefined;
    for (; this.#marked; this.#head++) this.#settle(this.#events[this.#head]?.record);
    const waiting = this.#events[this.#head];
    if (waiting?.event !== undefined) {
      const { event, record } = waiting;
      this.#given = record;
      this.#head++;
      // A shift of a long array would move it all.
      if (this.#head > 1_024 && 2 * this.#head > this.#events.length) {
        this.#events = this.#events.slice(this.#head);
        this.#head = 0;
      }
      this.#count(event, -1);
      return Promise.resolve({ done: false, value: event });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  return(): Promise<IteratorResult<OriginEvent>> {
    this.#settle(this.#given);
    this.#given = undefined;
    for (const { event, record } of this.#events.slice(this.#head)) {
      if (event !== undefined) this.#count(event, -1);
      this.#settle(record);
    }
    this.#events = [];
    this.#head = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Whether what comes next only tells that an event came again. */
  get #marked(): boolean {
    const next = this.#events[this.#head];
    return next !== undefined && next.event === undefined;
  }

  #settle(record: BatchRecord | undefined): void {
    record?.stream.settle(record);
  }

  #count(event: OriginEvent, sign: 1 | -1): void {
    this.#budget.events += sign;
    if (event.type === "message") this.#budget.bytes += sign * event.data.length;
  }
}
