import { assert } from "../../../core/base/mod.ts";
import type { Cancel, Clock } from "../../../core/ports/mod.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Time that passes only when a test advances it. */
export class ManualClock implements Clock {
  /** Timers that were ever started. */
  startedTimers = 0;
  #now: number;
  /** By how much the clock on the wall was set. */
  #set = 0;
  readonly #timers = new Set<Timer>();
  #turn: (() => void)[] = [];

  constructor(now: number = 1_700_000_000_000) {
    this.#now = now;
  }

  /** Timers that have neither fired nor been cancelled. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now + this.#set;
  }

  /** Somebody sets the machine's clock on, or back. No time passes, and no timer fires. */
  set(ms: number): void {
    this.#set += ms;
  }

  ticks(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): Cancel {
    assert(ms >= 0, `a timer of ${ms} ms`);
    const timer: Timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    this.startedTimers++;
    return () => {
      this.#timers.delete(timer);
    };
  }

  endOfTurn(callback: () => void): void {
    this.#turn.push(callback);
  }

  /** Ends the turn: runs what waits for it. What is added meanwhile waits for the next one. */
  turn(): void {
    const callbacks = this.#turn;
    this.#turn = [];
    for (const callback of callbacks) callback();
  }

  /** Time passes while nothing runs, as in a stopped process: what is due fires late. */
  stall(ms: number): void {
    this.#now += ms;
    this.advance(0);
  }

  /**
   * Moves time on, timer by timer in their order. Each timer fires at its own time, so that
   * `now()` and timers it starts are right; each is a turn of its own.
   */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      this.turn();
    }
    this.#now = end;
  }

  /** The earliest timer until `end`; of equal ones the one that was started first. */
  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  }
}
