/** Times of one contender in nanoseconds for one operation, a round each. */
export interface Timing {
  readonly name: string;
  readonly rounds: readonly number[];
}

/** Does `operations` operations when called; prepared and warm. */
export interface Contender {
  readonly name: string;
  run(operations: number): void;
}

const roundMs = 60;
const warmUpMs = 150;

function nanoseconds(contender: Contender, operations: number): number {
  const start = performance.now();
  contender.run(operations);
  return ((performance.now() - start) * 1e6) / operations;
}

/** How many operations take about a round, found by doubling while the code gets warm. */
function operationsOf(contender: Contender): number {
  const until = performance.now() + warmUpMs;
  let operations = 16;
  let perOperation = 0;
  while (performance.now() < until) {
    perOperation = nanoseconds(contender, operations);
    if (perOperation * operations < roundMs * 1e6) operations *= 2;
  }
  return Math.max(16, Math.round((roundMs * 1e6) / perOperation));
}

/** Times contenders in turns, so that a noisy moment meets them all. */
export function race(contenders: readonly Contender[], rounds: number): Timing[] {
  const operations = contenders.map(operationsOf);
  const times = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      times[i]!.push(nanoseconds(contender, operations[i]!));
    }
  }
  return contenders.map(({ name }, i) => ({ name, rounds: times[i]!.sort((a, b) => a - b) }));
}

export function median(timing: Timing): number {
  return timing.rounds[timing.rounds.length >> 1]!;
}

/** One line a contender: median, smallest to largest, and its ratio to the first contender. */
export function timingLines(title: string, timings: readonly Timing[]): string[] {
  const first = timings[0]!;
  const lines = timings.map((timing) => {
    const { rounds } = timing;
    const spread = `${digits(rounds[0]!)}–${digits(rounds.at(-1)!)}`;
    const ratio = median(timing) / median(first);
    const times = timing === first ? "" : `  ${ratio.toFixed(1)} × ${first.name}`;
    const middle = digits(median(timing)).padStart(7);
    return `  ${timing.name.padEnd(26)} ${middle} ns (${spread})${times}`;
  });
  return [title, ...lines];
}

function digits(ns: number): string {
  return ns < 100 ? ns.toFixed(1) : ns.toFixed(0);
}
