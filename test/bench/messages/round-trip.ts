import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { echo } from "../measure/echo.ts";
import { type Contestant, nameOf, onBun, spread } from "../measure/processes.ts";
import { startOurs } from "../measure/stage.ts";

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

async function throughGateway(contestant: Contestant): Promise<number> {
  await using stage = await startOurs(contestant);
  return (await echo(stage, { connections: 1, inFlight: 1, seconds })).roundTripMicroseconds.p50;
}

/** The gateway's round trip against the bare loop through mosquitto, in turns. */
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
      figures[index]?.push(await throughGateway(contestant));
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
