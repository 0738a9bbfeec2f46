import { Mosquitto } from "../support/broker/mosquitto.ts";
import { generate } from "./echo.ts";
import { type Contestant, gateway, nameOf, onBun, spread } from "./measure/processes.ts";

const seconds = 3;

/** Median of a bare publish → subscribe → publish → subscribe loop, in microseconds. */
async function bareLoop(broker: Mosquitto): Promise<number> {
  const answering = onBun("bare-loop", "answer", broker.url());
  await answering.event("started");
  const asking = onBun("bare-loop", "ask", broker.url(), String(seconds));
  try {
    return (JSON.parse(await asking.line("{")) as { p50: number }).p50;
  } finally {
    await asking.end();
    await answering.end();
  }
}

async function throughGateway(broker: Mosquitto, contestant: Contestant): Promise<number> {
  const origin = onBun("echo-origin", broker.url(), contestant.mode ?? "assigned");
  const server = gateway(contestant, broker.url());
  try {
    await origin.event("started");
    const port = (await server.event("started")).port;
    return (await generate(port, [1, 1])).roundTripMicroseconds.p50;
  } finally {
    await origin.end();
    await server.end();
  }
}

/** The gateway's round trip against the bare loop through the same broker, in turns. */
export async function roundTripBench(
  contestants: readonly Contestant[],
  rounds: number,
  print: (line: string) => void,
): Promise<void> {
  await using broker = await Mosquitto.start();
  const bare: number[] = [];
  const figures = contestants.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    bare.push(await bareLoop(broker));
    for (const [index, contestant] of contestants.entries()) {
      figures[index]?.push(await throughGateway(broker, contestant));
    }
  }
  print(`round trip, 1 connection, 1 in flight, medians of ${rounds} rounds:`);
  print(`  bare loop through mosquitto (bun)          ${spread(bare, 0)} µs`);
  for (const [index, contestant] of contestants.entries()) {
    const ratios = (figures[index] ?? []).map((figure, round) => figure / (bare[round] ?? 1));
    const name = nameOf(contestant).padEnd(42);
    print(`  ${name} ${spread(figures[index] ?? [], 0)} µs, ratio ${spread(ratios, 2)}`);
  }
}
