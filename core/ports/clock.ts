/** Cancels a timer. A second call, or one after the timer fired, does nothing. */
export type Cancel = () => void;

/** Time, timers, and the turns of the event loop. */
export interface Clock {
  /**
   * Turns of the event loop over which clients that connect at once come in; none if absent.
   * Node.js accepts one stream a turn (libuv #3696), other runtimes all of them in one.
   */
  readonly turnsOfBurst?: number;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds, with fractions, of a clock that is never set: for how long something took. */
  ticks(): number;
  /**
   * Calls back once, after at least `ms` milliseconds. A timer does not keep the process alive.
   */
  after(ms: number, callback: () => void): Cancel;
  /**
   * Calls back once at the end of this turn of the event loop, when the sockets that were readable
   * in it have been read. It cannot be cancelled; the callback checks whether it is still wanted.
   */
  endOfTurn(callback: () => void): void;
}
