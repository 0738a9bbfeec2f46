import { Mosquitto } from "../support/broker/mosquitto.ts";
import { type Contestant, gateway, onBun, onNode, spread } from "./measure/processes.ts";

const seconds = 3;
const atOnce = 64;

/** Handshakes a second. */
async function measure(
  broker: Mosquitto,
  contestant: Contestant,
  authorize: "none" | "origin",
): Promise<number> {
  const origin = onBun("accept-origin", broker.url());
  // All come from one address.
  const flags = ["--authorize", authorize, "--origin-mode", "assigned"];
  flags.push("--max-handshake-rate-per-ip", "0");
  const server = gateway(contestant, broker.url(), ...flags);
  try {
    await origin.event("started");
    const { port } = (await server.events("started", "origin-joined")).get("started") ?? {};
    const driver = onNode("handshake-driver", String(port), String(atOnce), String(seconds));
    const line = (await driver.event("counted")) as { handshakes: number; seconds: number };
    return line.handshakes / line.seconds;
  } finally {
    await server.end();
    await origin.end();
  }
}

/** Handshakes that an origin accepts, beside those that nobody is asked about, in turns. */
export async function handshakeBench(
  contestants: readonly Contestant[],
  rounds: number,
  print: (line: string) => void,
): Promise<void> {
  await using broker = await Mosquitto.start();
  print(`handshakes a second, ${atOnce} clients at once, medians of ${rounds} rounds:`);
  for (const contestant of contestants) {
    const figures = { none: [] as number[], origin: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      for (const authorize of ["none", "origin"] as const) {
        figures[authorize].push(await measure(broker, contestant, authorize));
      }
    }
    const ratios = figures.origin.map((figure, round) => figure / (figures.none[round] ?? 1));
    const name = `${contestant.runtime} ${contestant.engine}`.padEnd(12);
    print(`  ${name} asked nobody      ${spread(figures.none, 0)}`);
    print(`  ${name} the origin accepts ${spread(figures.origin, 0)}, ratio ${spread(ratios, 2)}`);
  }
}
