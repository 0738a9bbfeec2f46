import { limits } from "../base/mod.ts";
import type { Clock } from "../ports/mod.ts";
import type { HandledRange } from "./handled-items.ts";

/**
 * Says that every item of `stream` below `count` is handled. `received` asks the sender to repeat
 * from that number on: items are missing there, or a batch came a second time. The items of
 * `beyond` are handled too, though items before them are not.
 */
export type Acknowledgement = readonly [
  verb: "ack",
  stream: string,
  count: number,
  received?: number | undefined,
  beyond?: readonly HandledRange[],
];

/** Sends acknowledgements to one sender, as JSON if its batches are JSON. */
export type SendAcknowledgements = (
  sender: string,
  acks: readonly Acknowledgement[],
  json: boolean,
) => void;

interface Due {
  readonly acks: Map<string, Acknowledgement>;
  json: boolean;
}

/** One acknowledgement for two: the later one, with what the earlier one asked for, if needed. */
function merged(before: Acknowledgement | undefined, ack: Acknowledgement): Acknowledgement {
  const [verb, stream, count, received, ...beyond] = ack;
  const asked = before?.[3];
  const isAsked = received === undefined && asked !== undefined && count <= asked;
  return isAsked ? [verb, stream, count, asked, ...beyond] : ack;
}

/**
 * When the acknowledgements of numbered streams are sent. They are cumulative, so one replaces
 * several. One that becomes due waits for a moment, and again for a few moments while more become
 * due. It does not wait again if so many bytes came that they may fill the sender's window.
 *
 * One that asks for a repetition is sent at once, because items wait for it. The next such one
 * waits: hundreds of batches may come behind one gap, or for the second time, and as many
 * questions would make the sender repeat what has arrived since.
 */
export class Acknowledgements {
  readonly #clock: Clock;
  readonly #send: SendAcknowledgements;
  readonly #waitsMax: number;
  /** By sender and stream: two senders may have streams of one name. */
  readonly #due: Map<string, Due> = new Map();
  #scheduled = false;
  /** How many turns of the loop the acknowledgements that are due have waited. */
  #waits = 0;
  /** When this moment began, and whether another acknowledgement has become due in it. */
  #waitsSince = 0;
  #more = false;
  /** One asks for a repetition, or so many bytes came that they may fill a window. */
  #urgent = false;
  #bytes = 0;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `waitsMax`: how many moments one waits at most; 1 if the windows of senders are small. */
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
