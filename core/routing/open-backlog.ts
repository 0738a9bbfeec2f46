import { limits } from "../base/mod.ts";
import type { EventStream } from "../events/mod.ts";
import type { Cancel, Clock } from "../ports/mod.ts";

interface Unconfirmed {
  readonly stream: EventStream;
  /** Number after the last event that open mode has written to it. */
  readonly end: number;
}

/** How the wait ended: `late` events may come after what origins receive now. */
export type BacklogOver = (late: number) => void;

/**
 * The events of open mode that the broker has not confirmed when the first origin comes. They are
 * published before anything is published to that origin. The origin receives both. If an event
 * came after a later event of the same connection, the origin would drop it as a duplicate.
 */
export class OpenBacklog {
  readonly #clock: Clock;
  readonly #isConnected: () => boolean;
  #unconfirmed: readonly Unconfirmed[] = [];
  #looksLeft = 0;
  #cancel: Cancel = () => {};

  /** `isConnected`: time without the broker does not count. */
  constructor(clock: Clock, isConnected: () => boolean) {
    this.#clock = clock;
    this.#isConnected = isConnected;
  }

  /** Events of open mode are still unconfirmed, so nothing may be published to origins. */
  get waits(): boolean {
    return this.#unconfirmed.length > 0;
  }

  /**
   * Open mode ends. If events are unconfirmed, `over` is called when none is any more, or after
   * `limits.openBacklogLooksMax` looks.
   */
  begin(open: readonly EventStream[], over: BacklogOver): void {
    this.#cancel();
    this.#unconfirmed = open.map((stream) => ({ stream, end: stream.next }));
    this.#looksLeft = limits.openBacklogLooksMax;
    this.#look();
    if (this.waits) this.#lookAgain(over);
  }

  stop(): void {
    this.#cancel();
  }

  #look(): void {
    this.#unconfirmed = this.#unconfirmed.filter(({ stream, end }) => stream.acknowledged < end);
  }

  #lookAgain(over: BacklogOver): void {
    this.#cancel = this.#clock.after(limits.openBacklogLookMs, () => {
      if (this.#isConnected()) this.#looksLeft--;
      this.#look();
      if (this.waits && this.#looksLeft > 0) {
        this.#lookAgain(over);
        return;
      }
      const late = this.#unconfirmed.reduce((sum, { stream, end }) => {
        return sum + end - stream.acknowledged;
      }, 0);
      this.#unconfirmed = [];
      over(late);
    });
  }
}
