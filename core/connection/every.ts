import type { Cancel, Clock } from "../ports/mod.ts";

/** Calls back every `ms`, until cancelled. A call that comes late puts the next one off. */
export function every(clock: Clock, ms: number, callback: () => void): Cancel {
  let cancel: Cancel = () => {};
  const fire = (): void => {
    cancel = clock.after(ms, fire);
    callback();
  };
  cancel = clock.after(ms, fire);
  return () => cancel();
}
