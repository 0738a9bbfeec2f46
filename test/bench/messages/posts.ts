import { onBun, onDeno, onNode, spread } from "../measure/processes.ts";

const seconds = "2";

/** Ways to POST: the gateway's own client, and what the runtimes have. */
const ways: Readonly<Record<string, string>> = {
  own: "adapters/http-client",
  fetch: "fetch",
  node: "node:http, Agent",
};

const runtimes = { bun: onBun, deno: onDeno, node: onNode } as const;

/** What one POST costs: 64 in flight, to a small server on Bun; contestants in turns. */
export async function postsBench(rounds: number, print: (line: string) => void): Promise<void> {
  await using server = onBun("posts/server");
  const figures = new Map<string, { cpu: number[]; wall: number[] }>();
  const url = `http://127.0.0.1:${(await server.event("started")).port}/`;
  for (let round = 0; round < rounds; round++) {
    for (const [runtime, start] of Object.entries(runtimes)) {
      for (const [way, title] of Object.entries(ways)) {
        await using driver = start("posts/driver", way, url, seconds);
        const { cpuMicros, wallMicros } = await driver.event("posted");
        const name = `${runtime.padEnd(5)} ${title}`;
        const figure = figures.get(name) ?? { cpu: [], wall: [] };
        figures.set(name, figure);
        figure.cpu.push(Number(cpuMicros));
        figure.wall.push(Number(wallMicros));
      }
    }
  }
  print(`a POST and its answer, 64 connections with 1 in flight, medians of ${rounds} rounds:`);
  for (const [name, { cpu, wall }] of figures) {
    const cpuText = `${spread(cpu, 0)} µs of a processor`;
    print(`  ${name.padEnd(28)} ${cpuText.padEnd(38)} ${spread(wall, 0)} µs passed`);
  }
}
