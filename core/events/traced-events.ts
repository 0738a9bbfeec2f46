import { limits } from "../base/mod.ts";
import type { Span, SpanAttributes } from "../ports/mod.ts";

interface TracedEvent {
  readonly span: Span;
  /** Number after the event in its stream. */
  readonly end: number;
  readonly attributes: SpanAttributes;
}

/** The spans of a stream's events, in the order of the events, until each is acknowledged. */
export class TracedEvents {
  #events: TracedEvent[] = [];
  /** How many of them were published. */
  #published = 0;

  add(span: Span, end: number, attributes: SpanAttributes): void {
    // Nobody acknowledges: the span tells no more than that.
    if (this.#events.length >= limits.tracedEventsMax) span.end(attributes);
    else this.#events.push({ span, end, attributes });
  }

  /** The events below this number are published now; maybe not for the first time. */
  published(end: number): void {
    for (; this.#published < this.#events.length; this.#published++) {
      const event = this.#events[this.#published] as TracedEvent;
      if (event.end > end) return;
      event.span.event("published");
    }
  }

  /** The events below this number are acknowledged. */
  acknowledged(count: number): void {
    let done = 0;
    for (; done < this.#events.length; done++) {
      const { span, end, attributes } = this.#events[done] as TracedEvent;
      if (end > count) break;
      span.end(attributes);
    }
    this.#events.splice(0, done);
    this.#published = Math.max(0, this.#published - done);
  }

  /** Another stream has the events now. */
  moved(): void {
    for (const { span, attributes } of this.#events) {
      span.event("moved");
      span.end(attributes);
    }
    this.#events = [];
    this.#published = 0;
  }
}
