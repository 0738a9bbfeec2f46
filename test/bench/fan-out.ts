import { Mosquitto } from "../support/broker/mosquitto.ts";
import { type BenchProcess, gateway, onBun, onNode, spread } from "./measure/processes.ts";
import type { FanOutLoad, FanOutWay } from "./programs/fan-out-driver.ts";

/** One line of the table: who delivers, and how many to. */
interface Case {
  readonly name: string;
  readonly runtime: "bun" | "node";
  readonly way: FanOutWay;
  readonly connections: number;
  readonly groups: number;
  /** Messages to everybody that are under way at once; a node joins what goes to one client. */
  readonly roundsInFlight: number;
  /** Name of the case that it is held against. */
  readonly against?: string;
}

const seconds = 3;

function casesOf(runtime: "bun" | "node"): Case[] {
  const bare = runtime === "bun" ? "bare loop over Bun's ws.send" : "bare loop over send of ws";
  const of = `${runtime}: `;
  const one = { runtime, connections: 5_000, groups: 1, roundsInFlight: 1 };
  const few = { ...one, roundsInFlight: 4 };
  const many = { ...few, connections: 10_000 };
  return [
    { ...one, name: `${of}${bare}, 5,000, 1 at once`, way: "bare" },
    {
      ...one,
      name: `${of}group of 5,000, 1 at once`,
      way: "group",
      against: `${of}${bare}, 5,000, 1 at once`,
    },
    { ...few, name: `${of}${bare}, 5,000`, way: "bare" },
    { ...few, name: `${of}group of 5,000`, way: "group", against: `${of}${bare}, 5,000` },
    { ...few, name: `${of}send to 5,000 ids`, way: "ids", against: `${of}group of 5,000` },
    { ...many, name: `${of}group of 10,000`, way: "group" },
    {
      ...many,
      name: `${of}1,000 groups of 10, one batch`,
      way: "groups",
      groups: 1_000,
      against: `${of}group of 10,000`,
    },
    {
      ...many,
      name: `${of}1,000 groups of 10, own topics`,
      way: "group-topics",
      groups: 1_000,
      against: `${of}group of 10,000`,
    },
  ];
}

interface Measured {
  readonly perSecond: number;
  /** CPU of the process that delivers, for one delivery. */
  readonly cpuMicroseconds: number;
}

function serverOf({ runtime, way }: Case, broker: string): BenchProcess {
  if (way !== "bare") {
    const engine = runtime === "bun" ? "native" : "wasm";
    return gateway({ runtime, engine }, broker, "--origin-mode", "open");
  }
  return runtime === "bun" ? onBun("fan-out-bun", broker) : onNode("fan-out-ws", broker);
}

async function measure(broker: Mosquitto, one: Case): Promise<Measured> {
  const server = serverOf(one, broker.url());
  try {
    const { port } = (await server.event("started")) as { port: number };
    const { connections, groups, roundsInFlight, way } = one;
    const size = { connections, groups, roundsInFlight };
    const load: FanOutLoad = { port, broker: broker.url(), ...size, way, seconds };
    const driver = onNode("fan-out-driver", JSON.stringify(load));
    await driver.event("counting");
    const before = server.cpuSeconds();
    const counted = await driver.event("counted");
    const cpu = server.cpuSeconds() - before;
    await driver.end();
    const { deliveries, seconds: took } = counted as { deliveries: number; seconds: number };
    return { perSecond: deliveries / took, cpuMicroseconds: (cpu * 1e6) / deliveries };
  } finally {
    await server.end();
  }
}

/** Deliveries a second of groups, beside a bare loop and beside a `send` to ids, in turns. */
export async function fanOutBench(rounds: number, print: (line: string) => void): Promise<void> {
  await using broker = await Mosquitto.start();
  print(`fan-out of 62-byte texts, deliveries a second, 4 messages at once where not said:`);
  for (const runtime of ["bun", "node"] as const) {
    const cases = casesOf(runtime);
    const figures = new Map(cases.map(({ name }): [string, Measured[]] => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const one of cases) figures.get(one.name)?.push(await measure(broker, one));
    }
    for (const { name, against } of cases) {
      const measured = figures.get(name) ?? [];
      const rates = measured.map(({ perSecond }) => perSecond / 1_000);
      const cpu = spread(
        measured.map(({ cpuMicroseconds }) => cpuMicroseconds),
        2,
      );
      const others = figures.get(against ?? "") ?? [];
      const ratios = measured.map(
        (one, i) => one.perSecond / (others[i]?.perSecond ?? Number.NaN),
      );
      const ratio = against === undefined ? "" : `, ratio ${spread(ratios, 2)} to ${against}`;
      print(`  ${name.padEnd(42)} ${spread(rates, 0)} thousand, ${cpu} µs of CPU each${ratio}`);
    }
  }
}
