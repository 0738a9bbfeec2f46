import { setTimeout } from "node:timers/promises";

export interface WaitOptions {
  /** How long to wait at most, in milliseconds. */
  readonly deadline?: number;
  /** What is waited for, for the error's text. */
  readonly what?: string;
}

const deadlineDefaultMs = 15_000;
const pollMs = 10;

/** Waits until a condition gives something other than undefined or false, and returns that. */
export async function waitFor<Value>(
  condition: () => Value | undefined | false | Promise<Value | undefined | false>,
  options: WaitOptions = {},
): Promise<Value> {
  const deadlineMs = options.deadline ?? deadlineDefaultMs;
  const end = Date.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(lateText(options.what ?? String(condition), deadlineMs));
    await setTimeout(pollMs);
  }
}

/** A promise's value, or an error when it takes too long. */
export async function within<Value>(
  promise: Promise<Value>,
  options: WaitOptions = {},
): Promise<Value> {
  const deadlineMs = options.deadline ?? deadlineDefaultMs;
  const timer = new AbortController();
  const late = setTimeout(deadlineMs, undefined, { signal: timer.signal }).then(() => {
    throw new Error(lateText(options.what ?? "a promise", deadlineMs));
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

function lateText(what: string, deadlineMs: number): string {
  return `waited ${deadlineMs} ms in vain for: ${what}`;
}

/** Resolves when twenty looks find the same. */
export async function standstill(look: () => Promise<number>): Promise<number> {
  let last = await look();
  let same = 0;
  return waitFor(
    async () => {
      const now = await look();
      same = now === last ? same + 1 : 0;
      last = now;
      return same >= 20 ? now : undefined;
    },
    { what: "a standstill" },
  );
}
