import type { Clock } from "../ports/mod.ts";

/**
 * When the batch buffer of a stream goes out: at the end of the turn in which something was
 * written to it. Events of clients that connect may wait longer. Where the runtime lets those in
 * one by one (`Clock.turnsOfBurst`), they go out together, as long as one comes in each turn, and
 * as nothing else is written.
 */
export class PublishTurn {
  readonly #clock: Clock;
  readonly #due: () => void;
  #scheduled = false;
  /** Only clients that connect have written. */
  #patient = false;
  #turnsWaited = 0;
  /** A client has come in this turn. */
  #opened = false;
  readonly #endOfTurn = (): void => {
    if (this.#waits()) {
      this.#clock.endOfTurn(this.#endOfTurn);
      return;
    }
    this.#scheduled = false;
    this.#due();
  };

  /** `due`: the batch buffer is to go out now. */
  constructor(clock: Clock, due: () => void) {
    this.#clock = clock;
    this.#due = due;
  }

  /** Something was written. True if nothing else waits. */
  written(): boolean {
    this.#patient = false;
    return this.#schedule();
  }

  /** A client that connects has written. True if nothing else waits. */
  opened(): boolean {
    if (!this.#scheduled) this.#patient = true;
    this.#opened = true;
    return this.#schedule();
  }

  #schedule(): boolean {
    if (this.#scheduled) return false;
    this.#scheduled = true;
    this.#turnsWaited = 0;
    this.#clock.endOfTurn(this.#endOfTurn);
    return true;
  }

  /** Whether the batch buffer is left for one more turn. */
  #waits(): boolean {
    const { turnsOfBurst = 0 } = this.#clock;
    const waits = this.#patient && this.#opened && this.#turnsWaited < turnsOfBurst;
    this.#opened = false;
    this.#turnsWaited++;
    return waits;
  }
}
