import { env } from "node:process";
import { Dice, fuzzSeed } from "../../vectors/dice.ts";
import { type Level, LevelWatch, nextTurn } from "./levels.ts";

/** A new one in each run; FUZZ_SEED repeats one. */
export const seed: number = fuzzSeed(env.FUZZ_SEED);

/**
 * How many cases a test runs: FUZZ_CASES, or what fits the time of `npm test`. Together that is a
 * million on each runtime (further versions of Node.js: a quarter of it, or all of an old seed):
 * 310,000 frames and chunks of them, 200,000 handshakes and half as many PROXY headers, 60,000
 * command batches, 110,000 presences and batches of events, 240,000 topics and names of groups,
 * 60,000 answers over HTTP, 1,200 streams of MQTT packets; and 3,000 connections to real servers,
 * from Node alone. What loses less than some 30 bytes a case shows with FUZZ_CASES=1000000 only:
 * heaps come and go by themselves.
 */
export function casesOf(usual: number): number {
  return Number(env.FUZZ_CASES ?? Math.ceil(usual / Number(env.FUZZ_DIVISOR ?? 1)));
}

/** A case takes microseconds: one that takes this long, on a machine however busy, hangs. */
const caseMsMax = 5_000;

const turnCases = 1_024;

export interface FuzzOptions {
  readonly cases: number;
  /** What must not grow with the number of cases. */
  readonly levels?: readonly Level[];
  /** Put into the text of a failure: what the last case was. */
  readonly shown?: () => string;
}

/** Runs a test's cases; a failure names the seed and the case. */
export async function fuzz(
  one: (index: number) => void | Promise<void>,
  options: FuzzOptions,
): Promise<void> {
  const watch = new LevelWatch(options.levels ?? []);
  // The runner's log shows it, should the process crash or hang.
  console.log(`fuzz: FUZZ_SEED=${seed}, ${options.cases} cases`);
  const every = Math.ceil(options.cases / LevelWatch.readings);
  for (let index = 0; index < options.cases; index++) {
    // Inside a turn of the event loop, because outside Bun's zlib runs microtasks when it throws;
    // and then now and then a new one, because Node's zlib frees in one what has failed.
    if (index % turnCases === 0) await nextTurn();
    const started = performance.now();
    try {
      const pending = one(index);
      if (pending !== undefined) await pending;
    } catch (error) {
      throw failure(index, options, error);
    }
    const tookMs = performance.now() - started;
    if (tookMs > caseMsMax) throw failure(index, options, new Error(`took ${tookMs} ms`));
    if ((index + 1) % every === 0 || index + 1 === options.cases) await watch.read();
  }
  watch.check(`FUZZ_SEED=${seed}, ${options.cases} cases`);
}

function failure(index: number, { shown }: FuzzOptions, cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  const what = shown === undefined ? "" : `; case: ${shown()}`;
  return new Error(`FUZZ_SEED=${seed}, case ${index}: ${message}${what}`, { cause });
}

/** The dice of a test: each has its own, so that a test alone does as it does among others. */
export function diceOf(test: number): Dice {
  return new Dice((seed + test * 7_919) & 0x7fff_ffff);
}
