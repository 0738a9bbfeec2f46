import { LatestMap } from "./latest-map.ts";
import { limits } from "./limits.ts";

/** A timer as the `Clock` port has it. */
interface Timer {
  after(ms: number, callback: () => void): () => void;
}

/** A `Timer` that also tells the time that passes. */
interface Stopwatch extends Timer {
  ticks(): number;
}

/**
 * Calls back after `ms` in which this process ran. A timer that fires `limits.stallMs` late shows
 * that the process was stalled: what came in meanwhile waits unread, so it waits once more.
 */
export function afterAwake(clock: Stopwatch, ms: number, callback: () => void): () => void {
  const due = clock.ticks() + ms;
  let cancel = clock.after(ms, () => {
    if (clock.ticks() - due <= limits.stallMs) callback();
    else cancel = afterAwake(clock, ms, callback);
  });
  return () => cancel();
}

/** Calls back every `ms`, until cancelled. A call that comes late puts the next one off. */
export function every(timer: Timer, ms: number, callback: () => void): () => void {
  let cancel = (): void => {};
  const fire = (): void => {
    cancel = timer.after(ms, fire);
    callback();
  };
  cancel = timer.after(ms, fire);
  return () => cancel();
}

/** The first wait of a back-off, and the longest. */
export interface BackOffRange {
  readonly msMin: number;
  readonly msMax: number;
}

/** Exponential back-off: the wait after `failures` earlier failures doubles with each of them. */
export function backOffMs(failures: number, { msMin, msMax }: BackOffRange): number {
  return Math.min(msMin * 2 ** failures, msMax);
}

/**
 * Between half of `ms` and all of it, so that those that failed together do not try again at once.
 * `fraction` is random, from 0 to 1.
 */
export function jittered(ms: number, fraction: number): number {
  return ms * (0.5 + fraction / 2);
}

interface Reported {
  readonly at: number;
  /** Times since then that no line has counted. */
  more: number;
}

/** Says when a line is due about what happens again and again: at once, and then once a minute. */
export class ReportTimes {
  readonly #now: () => number;
  readonly #reported: LatestMap<string, Reported> = new LatestMap(limits.reportKeysMax);

  /** `now` is in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** It happened: how many times since the last line, now included; 0: no line is due. */
  due(key: string): number {
    const now = this.#now();
    const last = this.#reported.get(key);
    if (last !== undefined && now - last.at < limits.reportMs) {
      last.more++;
      return 0;
    }
    this.#reported.set(key, { at: now, more: 0 });
    return 1 + (last?.more ?? 0);
  }
}
