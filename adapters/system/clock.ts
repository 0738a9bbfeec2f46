// node:timers on every runtime: Deno's global setTimeout returns a number without `unref`.
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import { assert, limits } from "../../core/base/mod.ts";
import type { Cancel, Clock } from "../../core/ports/mod.ts";

/** The machine's time and the runtime's event loop. */
export class SystemClock implements Clock {
  readonly turnsOfBurst: number;

  constructor(turnsOfBurst: number = 0) {
    this.turnsOfBurst = turnsOfBurst;
  }

  now(): number {
    return Date.now();
  }

  ticks(): number {
    return performance.now();
  }

  after(ms: number, callback: () => void): Cancel {
    assert(ms >= 0 && ms <= limits.timerMsMax, `a timer of ${ms} ms`);
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  }

  endOfTurn(callback: () => void): void {
    // The check phase of the event loop follows the poll phase, which reads sockets.
    setImmediate(callback);
  }
}
