import process from "node:process";

/** What is done again and again. Throws if it was done wrong. */
export type Way = () => Promise<void>;

export interface ContestOptions {
  readonly rounds: number;
  readonly inFlight: number;
  /** Of each way, until the runtime has compiled what is hot. */
  readonly warmUps: number;
}

const turnMs = 200;

/**
 * Does the same by several ways, in short turns within one process, so that what slows the machine
 * down slows all of them. Prints for each round the microseconds of a processor that one costs.
 */
export async function contest(
  ways: Readonly<Record<string, Way>>,
  { rounds, inFlight, warmUps }: ContestOptions,
): Promise<void> {
  /** Gives how often it was done. */
  async function repeat(way: Way, more: (count: number) => boolean): Promise<number> {
    let count = 0;
    const loop = async (): Promise<void> => {
      for (; more(count); count++) await way();
    };
    await Promise.all(Array.from({ length: inFlight }, loop));
    return count;
  }

  for (const way of Object.values(ways)) await repeat(way, (count) => count < warmUps);
  for (let round = 0; round < rounds; round++) {
    const micros: Record<string, number> = {};
    for (const name of Object.keys(ways)) micros[name] = Number.NaN;
    const turns = Object.entries(ways);
    if (round % 2 === 1) turns.reverse();
    for (const [name, way] of turns) {
      const [end, before] = [performance.now() + turnMs, process.cpuUsage()];
      const count = await repeat(way, () => performance.now() < end);
      const { user, system } = process.cpuUsage(before);
      micros[name] = (user + system) / count;
    }
    process.stdout.write(`${JSON.stringify({ event: "round", micros })}\n`);
  }
}
