import { limits } from "./base/mod.ts";
import type { Clock } from "./ports/mod.ts";

/** Sends `ack` items to a sender. */
export type SendAcks = (sender: string, items: readonly unknown[][]) => void;

/**
 * Confirmations of numbered command streams. They are cumulative, so those of a few milliseconds
 * become one; only a gap is told at once, because somebody waits for it.
 */
export class CommandAcks {
  readonly #clock: Clock;
  readonly #send: SendAcks;
  readonly #counts: Map<string, { sender: string; counts: readonly number[] }> = new Map();
  #scheduled = false;

  constructor(clock: Clock, send: SendAcks) {
    this.#clock = clock;
    this.#send = send;
  }

  /**
   * Every command of `stream` below `count` is carried out. With a gap it is told at once, and
   * twice: carried out and received, as an origin tells it of its events.
   */
  note(sender: string, stream: string, { count, gap }: { count: number; gap: boolean }): void {
    this.#counts.set(stream, { sender, counts: gap ? [count, count] : [count] });
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
    const bySender = new Map<string, unknown[][]>();
    for (const [stream, { sender, counts }] of this.#counts) {
      const items = bySender.get(sender) ?? [];
      bySender.set(sender, items);
      items.push(["ack", stream, ...counts]);
    }
    this.#counts.clear();
    for (const [sender, items] of bySender) this.#send(sender, items);
  }
}
