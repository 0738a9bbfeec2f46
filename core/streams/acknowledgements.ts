import { limits } from "../base/mod.ts";
import type { Clock } from "../ports/mod.ts";
import type { HandledRange } from "./handled-items.ts";

/**
 * Every item of `stream` below `count` is handled. With `received` items are missing from that
 * number on, or a batch came that was known: the sender is to repeat from there. The items of
 * `beyond` are handled too, though items before them are not.
 */
export type Acknowledgement = readonly [
  verb: "ack",
  stream: string,
  count: number,
  received?: number | undefined,
  beyond?: readonly HandledRange[],
];

/** Sends acknowledgements to one sender, as JSON if its batches come so. */
export type SendAcknowledgements = (
  sender: string,
  acks: readonly Acknowledgement[],
  json: boolean,
) => void;

interface Due {
  readonly acks: Map<string, Acknowledgement>;
  json: boolean;
}

/** The one of two acknowledgements that says more: the later, and what is still asked for. */
function merged(before: Acknowledgement | undefined, ack: Acknowledgement): Acknowledgement {
  const [verb, stream, count, received, ...beyond] = ack;
  const asked = before?.[3];
  const isAsked = received === undefined && asked !== undefined && count <= asked;
  return isAsked ? [verb, stream, count, asked, ...beyond] : ack;
}

/**
 * Acknowledgements of numbered streams. They are cumulative, so one says it for several. One is
 * sent after a moment in which no other was due: the sender may wait for it. While others become
 * due it waits for a few such moments, unless so many bytes came that they may fill a window. One
 * that asks for a repetition goes at once, because items wait for it, unless another one has just
 * gone: hundreds of batches may come behind one gap, or for the second time, and as many questions
 * would make the sender repeat what has arrived since.
 */
export class Acknowledgements {
  readonly #clock: Clock;
  readonly #send: SendAcknowledgements;
  readonly #waitsMax: number;
  /** By sender and stream: two senders may have streams of one name. */
  readonly #due: Map<string, Due> = new Map();
  #scheduled = false;
  /** How often what is due has waited for more. */
  #waits = 0;
  /** When the present wait began, and whether another one has become due since. */
  #waitsSince = 0;
  #more = false;
  /** What is due asks for a repetition, or much has come since the last one. */
  #urgent = false;
  #bytes = 0;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `waitsMax`: 1 where the windows of senders are small. */
  constructor(clock: Clock, send: SendAcknowledgements, waitsMax: number = limits.ackWaitsMax) {
    this.#clock = clock;
    this.#send = send;
    this.#waitsMax = waitsMax;
  }

  /** A batch of so many bytes has come. */
  received(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes >= limits.ackBytes) this.#urgent = true;
  }

  note(sender: string, ack: Acknowledgement, json: boolean = false): void {
    const due = this.#due.get(sender) ?? { acks: new Map(), json };
    this.#due.set(sender, due);
    due.json = json;
    due.acks.set(ack[1], merged(due.acks.get(ack[1]), ack));
    const now = this.#clock.now();
    if (ack[3] === undefined || now - this.#askedAt < limits.ackDelayMs) {
      this.#urgent ||= ack[3] !== undefined;
      if (!this.#scheduled) this.#waitsSince = now;
      else if (now !== this.#waitsSince) this.#more = true;
      this.#schedule();
      return;
    }
    this.#askedAt = now;
    this.flush();
  }

  flush(): void {
    this.#waits = this.#bytes = 0;
    this.#more = this.#urgent = false;
    const due = [...this.#due];
    this.#due.clear();
    for (const [sender, { acks, json }] of due) this.#send(sender, [...acks.values()], json);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.after(limits.ackDelayMs, () => {
      this.#scheduled = false;
      this.#waits++;
      if (!this.#more || this.#urgent || this.#waits >= this.#waitsMax) {
        this.flush();
        return;
      }
      this.#more = false;
      this.#schedule();
    });
  }
}
