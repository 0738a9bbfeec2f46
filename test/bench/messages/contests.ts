import { type BenchProcess, median, onBun, onDeno, onNode, spread } from "../measure/processes.ts";

const runtimes = { bun: onBun, deno: onDeno, node: onNode } as const;
/** Short turns within one process, for each round of a bench. */
const turnsInRound = 10;

/** Rounds of a driver that calls `contest`: medians, and ratios to its first way. */
async function contestsOf(driver: BenchProcess, rounds: number): Promise<string[]> {
  const micros = new Map<string, number[]>();
  const ratios = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    const costs = (await driver.event("round")).micros as Record<string, number>;
    const [first = 0] = Object.values(costs);
    for (const [way, cost] of Object.entries(costs)) {
      micros.set(way, [...(micros.get(way) ?? []), cost]);
      ratios.set(way, [...(ratios.get(way) ?? []), cost / first]);
    }
  }
  return [...micros].map(([way, costs]) => {
    const ratio = spread(ratios.get(way) as number[], 2);
    return `${way.padEnd(20)} ${median(costs).toFixed(1).padStart(6)} µs, ratio ${ratio}`;
  });
}

async function onEach(
  rounds: number,
  print: (line: string) => void,
  [program, ...words]: readonly [program: string, ...words: string[]],
): Promise<void> {
  const turns = rounds * turnsInRound;
  for (const [runtime, start] of Object.entries(runtimes)) {
    await using driver = start(program, String(turns), ...words);
    for (const line of await contestsOf(driver, turns)) print(`  ${runtime.padEnd(5)} ${line}`);
  }
}

/** What one POST costs by our client and by the runtimes' own, 64 in flight. */
export async function postsBench(rounds: number, print: (line: string) => void): Promise<void> {
  await using server = onBun("posts/server");
  const url = `http://127.0.0.1:${(await server.event("started")).port}/`;
  print("a POST and its answer, 64 connections with 1 in flight, µs of a processor:");
  await onEach(rounds, print, ["posts/driver", url]);
}

/** What a token costs: by jose, by the authorizer over it, and by `node:crypto` alone. */
export async function tokensBench(rounds: number, print: (line: string) => void): Promise<void> {
  for (const algorithm of ["HS256", "RS256", "ES256", "EdDSA"]) {
    print(`a token of ${algorithm}, µs of a processor:`);
    await onEach(rounds, print, ["tokens/driver", algorithm]);
  }
}
