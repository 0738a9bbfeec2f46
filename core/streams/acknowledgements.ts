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
 * Acknowledgements of numbered streams. They are cumulative, so those of a few milliseconds become
 * one. One that asks for a repetition goes at once, because items wait for it, unless another one
 * has just gone: hundreds of batches may come behind one gap, or for the second time, and as many
 * questions would make the sender repeat what has arrived since.
 */
export class Acknowledgements {
  readonly #clock: Clock;
  readonly #send: SendAcknowledgements;
  /** By sender and stream: two senders may have streams of one name. */
  readonly #due: Map<string, Due> = new Map();
  #scheduled = false;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, send: SendAcknowledgements) {
    this.#clock = clock;
    this.#send = send;
  }

  note(sender: string, ack: Acknowledgement, json: boolean = false): void {
    const due = this.#due.get(sender) ?? { acks: new Map(), json };
    this.#due.set(sender, due);
    due.json = json;
    due.acks.set(ack[1], merged(due.acks.get(ack[1]), ack));
    const now = this.#clock.now();
    if (ack[3] === undefined || now - this.#askedAt < limits.ackDelayMs) {
      this.#schedule();
      return;
    }
    this.#askedAt = now;
    this.flush();
  }

  flush(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const [sender, { acks, json }] of due) this.#send(sender, [...acks.values()], json);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.after(limits.ackDelayMs, () => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
