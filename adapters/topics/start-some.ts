import { ServiceError } from "../../core/base/mod.ts";
import type { Cancel, Clock } from "../../core/ports/mod.ts";
import { startLimits } from "./start-limits.ts";

/** It was stopped before it was connected, which is no refusal. */
export function isStop(error: Error): boolean {
  return error instanceof ServiceError && error.code === "broker-lost";
}

/**
 * Resolves when every start has, or one has and the others took too long: a broker that is away
 * keeps nobody from starting. Rejects with the first rejection; `refusedLater` gets what is
 * rejected after this has resolved.
 */
export function startSome(
  starts: readonly Promise<void>[],
  clock: Clock,
  refusedLater: (error: Error, index: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let missing = starts.length;
    let settled = false;
    let cancel: Cancel | undefined;
    const end = (settle: () => void): void => {
      settled = true;
      cancel?.();
      settle();
    };
    for (const [index, start] of starts.entries()) {
      start.then(
        () => {
          missing--;
          if (settled) return;
          if (missing === 0) end(resolve);
          else cancel ??= clock.after(startLimits.othersMs, () => end(resolve));
        },
        (error: Error) => {
          if (!settled) end(() => reject(error));
          else if (!isStop(error)) refusedLater(error, index);
        },
      );
    }
  });
}
