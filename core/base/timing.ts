/** A timer as the `Clock` port has it. */
interface Timer {
  after(ms: number, callback: () => void): () => void;
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
