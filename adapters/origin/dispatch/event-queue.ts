import type { BatchRecord } from "../../../core/streams/mod.ts";
import { type OriginEvent, originLimits } from "../base/mod.ts";
import type { WaitingEvent } from "../connections/mod.ts";

/** The events that wait for handlers and iterators, all together. */
export class WaitingBudget {
  #events = 0;
  #bytes = 0;

  add(event: OriginEvent): void {
    this.#events++;
    this.#bytes += heldBytes(event);
  }

  remove(event: OriginEvent): void {
    this.#events--;
    this.#bytes -= heldBytes(event);
  }

  admits(event: OriginEvent): boolean {
    const { waitingEventsMax, waitingBytesMax } = originLimits;
    return this.#events < waitingEventsMax && this.#bytes + heldBytes(event) <= waitingBytesMax;
  }
}

/** Stands in the queue where an event was that the iterator has got. */
const taken: WaitingEvent = { event: undefined, record: undefined };

function heldBytes(event: OriginEvent): number {
  return event.type === "message" ? event.data.length : 0;
}

/**
 * Events that wait for one `for await`. It begins with the first `next`: a queue that nobody
 * iterates must neither grow nor delay acknowledgements.
 */
export class EventQueue implements AsyncIterableIterator<OriginEvent> {
  readonly #budget: WaitingBudget;
  readonly #begin: (queue: EventQueue) => boolean;
  readonly #whenEnded: (queue: EventQueue) => void;
  #begun = false;
  #events: WaitingEvent[] = [];
  /** The batch of the event that was given last, which is handled when the next is asked for. */
  #given: BatchRecord | undefined;
  #head = 0;
  #ended = false;
  #takers: ((result: IteratorResult<OriginEvent>) => void)[] = [];

  /** `begin` says whether events will come from now on; `ended`: no event is taken any more. */
  constructor(
    budget: WaitingBudget,
    begin: (queue: EventQueue) => boolean,
    ended: (queue: EventQueue) => void,
  ) {
    this.#budget = budget;
    this.#begin = begin;
    this.#whenEnded = ended;
  }

  push(event: OriginEvent, record?: BatchRecord): void {
    if (this.#ended) return;
    if (record !== undefined) record.pending++;
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      // A caller that calls `next` several times at once has asked for the next event already.
      this.#settle(this.#given);
      this.#given = record;
      taker({ done: false, value: event });
      return;
    }
    this.#events.push({ event, record });
    this.#budget.add(event);
  }

  /** An event of this batch was given, or waits, already. */
  again(record: BatchRecord): void {
    const waits = this.#head < this.#events.length;
    if (this.#ended || (!waits && this.#given === undefined)) return;
    record.pending++;
    this.#events.push({ event: undefined, record });
  }

  /** No more events will come; those that wait are still given. */
  end(): void {
    this.#ended = true;
    this.#whenEnded(this);
    for (const taker of this.#takers.splice(0)) taker({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<OriginEvent>> {
    if (!this.#begun && !this.#ended) {
      this.#begun = true;
      this.#ended = !this.#begin(this);
    }
    this.#settle(this.#given);
    this.#given = undefined;
    for (; this.#marked; this.#head++) this.#settle(this.#events[this.#head]?.record);
    const waiting = this.#events[this.#head];
    if (waiting?.event !== undefined) {
      const { event, record } = waiting;
      this.#given = record;
      // The place stays in the array until that is cut. The event itself is let go now.
      this.#events[this.#head++] = taken;
      // `shift` would move the whole array.
      if (this.#head > 1_024 && 2 * this.#head > this.#events.length) {
        this.#events = this.#events.slice(this.#head);
        this.#head = 0;
      }
      this.#budget.remove(event);
      return Promise.resolve({ done: false, value: event });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  return(): Promise<IteratorResult<OriginEvent>> {
    this.#settle(this.#given);
    this.#given = undefined;
    for (const { event, record } of this.#events.slice(this.#head)) {
      if (event !== undefined) this.#budget.remove(event);
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

  /** Whether the next entry only says that an event came a second time. */
  get #marked(): boolean {
    const next = this.#events[this.#head];
    return next !== undefined && next.event === undefined;
  }

  #settle(record: BatchRecord | undefined): void {
    record?.stream.settle(record);
  }
}
