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
