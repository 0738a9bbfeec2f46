import type { OriginEvent } from "./events.ts";

/** What all queues of an origin hold together. */
export interface WaitingBudget {
  events: number;
  bytes: number;
}

/** Events that wait for one `for await`. Its owner keeps it bounded. */
export class EventQueue implements AsyncIterableIterator<OriginEvent> {
  readonly #budget: WaitingBudget;
  readonly #closed: () => void;
  #events: OriginEvent[] = [];
  #head = 0;
  #ended = false;
  #takers: ((result: IteratorResult<OriginEvent>) => void)[] = [];

  constructor(budget: WaitingBudget, closed: () => void) {
    this.#budget = budget;
    this.#closed = closed;
  }

  push(event: OriginEvent): void {
    if (this.#ended) return;
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker({ done: false, value: event });
      return;
    }
    this.#events.push(event);
    this.#count(event, 1);
  }

  /** No more is to come; what is there is still given. */
  end(): void {
    this.#ended = true;
    this.#closed();
    for (const taker of this.#takers.splice(0)) taker({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<OriginEvent>> {
    const event = this.#events[this.#head];
    if (event !== undefined) {
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
    for (const event of this.#events.slice(this.#head)) this.#count(event, -1);
    this.#events = [];
    this.#head = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #count(event: OriginEvent, sign: 1 | -1): void {
    this.#budget.events += sign;
    if (event.type === "message") this.#budget.bytes += sign * event.data.length;
  }
}
