import { limits } from "../../core/base/mod.ts";
import type { Cancel, Clock } from "../../core/ports/mod.ts";

/**
 * Waits for the first connection to the broker, up to `limits.brokerStartWaitMs`: the program
 * starts without it, not ready, and goes on trying. Rejects if the broker refuses the program
 * within that time; `refusedLater` is called if it does so afterwards.
 */
export async function waitForBroker(
  connected: Promise<unknown>,
  clock: Clock,
  refusedLater: (error: Error) => void,
): Promise<void> {
  let cancel: Cancel = () => {};
  const late = new Promise<"late">((resolve) => {
    cancel = clock.after(limits.brokerStartWaitMs, () => resolve("late"));
  });
  const first = await Promise.race([connected, late]).finally(() => cancel());
  if (first === "late") connected.catch(refusedLater);
}
