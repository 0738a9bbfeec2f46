import type { EventEmitter } from "node:events";
import { availableParallelism, loadavg } from "node:os";
import { setTimeout } from "node:timers/promises";

export interface WaitOptions {
  /** How long to wait at most, in milliseconds: longer on a machine that is busy. */
  readonly deadline?: number;
  /** What is waited for, for the error's text. */
  readonly what?: string;
  /** Between two looks, in milliseconds: more where a look takes long. */
  readonly every?: number;
}

const deadlineDefaultMs = 15_000;
const pollMs = 10;
const patienceMax = 20;
/** A file of tests has ten minutes: what hangs must end before, and say what it waited for. */
const patientMsMax = 180_000;

/**
 * How many times longer a wait may take: what a deadline ends is a test that hangs, and a machine
 * with ten times more to do than processors is ten times slower.
 */
export function patience(): number {
  const [load = 0] = loadavg();
  return Math.min(patienceMax, Math.max(1, load / availableParallelism()));
}

/** How long a wait with this deadline may take now. */
export function patientMs(deadlineMs: number): number {
  return Math.max(deadlineMs, Math.min(deadlineMs * patience(), patientMsMax));
}

/** Waits until a condition gives something other than undefined or false, and returns that. */
export async function waitFor<Value>(
  condition: () => Value | undefined | false | Promise<Value | undefined | false>,
  options: WaitOptions = {},
): Promise<Value> {
  const deadlineMs = options.deadline ?? deadlineDefaultMs;
  const begun = Date.now();
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    const waitedMs = Date.now() - begun;
    if (waitedMs > deadlineMs && waitedMs > patientMs(deadlineMs)) {
      throw new Error(lateText(options.what ?? String(condition), waitedMs));
    }
    await setTimeout(options.every ?? pollMs);
  }
}

/** A promise's value, or an error when it takes too long. */
export async function within<Value>(
  promise: Promise<Value>,
  options: WaitOptions = {},
): Promise<Value> {
  const deadlineMs = options.deadline ?? deadlineDefaultMs;
  const timer = new AbortController();
  const late = lateAfter(deadlineMs, timer.signal).then((waitedMs) => {
    throw new Error(lateText(options.what ?? "a promise", waitedMs));
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

/** Resolves with the milliseconds that it waited. */
async function lateAfter(deadlineMs: number, signal: AbortSignal): Promise<number> {
  const begun = Date.now();
  for (let leftMs = deadlineMs; leftMs >= 0; ) {
    await setTimeout(leftMs, undefined, { signal });
    leftMs = patientMs(deadlineMs) - (Date.now() - begun);
  }
  return Date.now() - begun;
}

function lateText(what: string, waitedMs: number): string {
  return `waited ${waitedMs} ms in vain for: ${what}`;
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

/**
 * Resolves when a TCP stream is gone, by a FIN or by a reset. `once` of node:events rejects if the
 * stream is reset first, which depends on what was still being written.
 */
export function streamClosed(socket: EventEmitter): Promise<void> {
  socket.on("error", () => {});
  return new Promise((resolve) => void socket.once("close", () => resolve()));
}
