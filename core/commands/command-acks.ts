import { limits } from "../base/mod.ts";
import type { Clock, CommandSource } from "../ports/mod.ts";
import type { CommandAck } from "../routing/mod.ts";

/** Sends confirmations to a sender, as JSON where its commands come so. */
export type SendAcks = (sender: string, acks: readonly CommandAck[], json: boolean) => void;

interface Due {
  readonly acks: Map<string, CommandAck>;
  json: boolean;
}

/**
 * Confirmations of numbered command streams. They are cumulative, so those of a few milliseconds
 * become one; only a gap is told at once, because somebody waits for it.
 */
export class CommandAcks {
  readonly #clock: Clock;
  readonly #send: SendAcks;
  /** By sender and stream: two senders may have streams of one name. */
  readonly #due: Map<string, Due> = new Map();
  #scheduled = false;

  constructor(clock: Clock, send: SendAcks) {
    this.#clock = clock;
    this.#send = send;
  }

  /**
   * Every command of `stream` below `count` is carried out. With a gap it is told at once, and
   * twice: carried out and received, as an origin tells it of its events.
   */
  note(
    { sender, json = false }: Pick<CommandSource, "sender" | "json">,
    stream: string,
    { count, gap }: { readonly count: number; readonly gap: boolean },
  ): void {
    const due = this.#due.get(sender) ?? { acks: new Map(), json };
    this.#due.set(sender, due);
    due.json = json;
    due.acks.set(stream, gap ? ["ack", stream, count, count] : ["ack", stream, count]);
    if (gap) this.flush();
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.after(limits.ackDelayMs, () => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Sends what is due. */
  flush(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const [sender, { acks, json }] of due) this.#send(sender, [...acks.values()], json);
  }
}
