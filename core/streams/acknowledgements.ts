import { limits } from "../base/mod.ts";
import type { Clock } from "../ports/mod.ts";

/**
 * Every item of `stream` below `count` is handled. With `received` items are missing from that
 * number on, or a batch came that was known: the sender is to repeat from there.
 */
export type Acknowledgement = readonly [
  verb: "ack",
  stream: string,
  count: number,
  received?: number,
];

/** Sends acknowledgements to one sender, as JSON where its batches come so. */
export type SendAcknowledgements = (
  sender: string,
  acks: readonly Acknowledgement[],
  json: boolean,
) => void;

interface Due {
  readonly acks: Map<string, Acknowledgement>;
  json: boolean;
}

/**
 * Acknowledgements of numbered streams. They are cumulative, so those of a few milliseconds become
 * one. One that asks for a repetition goes at once, because items wait for it.
 */
export class Acknowledgements {
  readonly #clock: Clock;
  readonly #send: SendAcknowledgements;
  /** By sender and stream: two senders may have streams of one name. */
  readonly #due: Map<string, Due> = new Map();
  #scheduled = false;

  constructor(clock: Clock, send: SendAcknowledgements) {
    this.#clock = clock;
    this.#send = send;
  }

  note(sender: string, ack: Acknowledgement, json: boolean = false): void {
    const due = this.#due.get(sender) ?? { acks: new Map(), json };
    this.#due.set(sender, due);
    due.json = json;
    due.acks.set(ack[1], ack);
    if (ack[3] !== undefined) this.flush();
    else this.#schedule();
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
