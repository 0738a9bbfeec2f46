/** Cancels a timer; calling it twice, or after it fired, does nothing. */
export type Cancel = () => void;

/** Time and turns of the event loop. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once, `ms` from now at the earliest. A pending timer keeps no process up. */
  after(ms: number, callback: () => void): Cancel;
  /**
   * Calls back once when the sockets that are readable in this turn have been read, before the
   * loop waits again. Not cancellable: pass a function that is made once and checks its state.
   */
  endOfTurn(callback: () => void): void;
}
