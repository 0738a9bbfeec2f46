import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { nameOfOurs } from "../measure/entrants.ts";
import { type BenchProcess, type Contestant, gateway, onNode } from "../measure/processes.ts";
import { type Effort, middle, ranged, type Session } from "../measure/session.ts";
import type { FanOutLoad, FanOutStep } from "../programs/load/fan-out-load.ts";

const atOnce = 64;

/** What some work cost, for each delivery or handshake. */
interface Cost {
  readonly perSecond: number;
  /** Microseconds of CPU of all processes of the gateway. */
  readonly gateway: number;
  /** Of that process of the gateway that had most to do: it is full first. */
  readonly busiest: number;
  readonly generator: number;
}

type Load = "fan-out" | "connects";

const connectionsOf = ({ quick }: Effort): number => (quick ? 1_000 : 5_000);

interface Case {
  readonly load: Load;
  readonly workers: number;
  readonly effort: Effort;
}

function driverOf({ load, effort }: Case, port: number, broker: string): BenchProcess {
  const { seconds, warmUpMs } = effort;
  if (load === "connects") {
    return onNode("load/connect-load", JSON.stringify({ port, atOnce, seconds }));
  }
  // One at a time: of several, a worker with less to do joins fewer in one write.
  const steps: FanOutStep[] = [{ way: "everyone", groups: 1, roundsInFlight: 1 }];
  const connections = connectionsOf(effort);
  const fanOut: FanOutLoad = { port, broker, connections, steps, seconds, warmUpMs };
  return onNode("load/fan-out-load", JSON.stringify(fanOut));
}

/** CPU of each process of the gateway. */
const cpuOf = (server: BenchProcess): number[] => [
  server.cpuSeconds(),
  ...server.childrenCpuSeconds(),
];

async function measure(broker: Mosquitto, contestant: Contestant, one: Case): Promise<Cost> {
  const { seconds } = one.effort;
  const flags = ["--origin-mode", "open", "--workers", String(one.workers)];
  flags.push("--max-handshake-rate-per-ip", "0");
  await using server = gateway(contestant, broker.url(), ...flags);
  const { port } = (await server.event("started")) as { port: number };
  await using driver = driverOf(one, port, broker.url());
  await driver.event("counting");
  const before = cpuOf(server);
  const driverBefore = driver.cpuSeconds();
  // The driver ends with its line, and its CPU could not be read any more.
  const generator = new Promise<number>((resolve) => {
    setTimeout(() => resolve(driver.cpuSeconds() - driverBefore), seconds * 900);
  });
  const counted = (await driver.event("counted")) as Record<string, number>;
  const spent = cpuOf(server).map((cpu, at) => cpu - (before[at] ?? 0));
  const took = counted.seconds ?? seconds;
  const count = counted.deliveries ?? counted.handshakes ?? Number.NaN;
  const each = (cpuSeconds: number): number => (cpuSeconds * 1e6) / count;
  const drove = ((await generator) * took) / (seconds * 0.9);
  return {
    perSecond: count / took,
    gateway: each(spent.reduce((sum, cpu) => sum + cpu, 0)),
    busiest: each(Math.max(...spent)),
    generator: each(drove),
  };
}

/** What one process and two workers cost with one load. */
function cells([ones = [], twos = []]: readonly (readonly Cost[])[]): string[] {
  const of = (costs: readonly Cost[], name: keyof Cost): string =>
    middle(costs.map((cost) => cost[name]));
  const ratio = (read: (one: Cost, two: Cost) => number): string =>
    ranged(twos.map((two, round) => read(ones[round] ?? two, two)));
  return [
    of(ones, "perSecond"),
    ratio((one, two) => two.perSecond / one.perSecond),
    ratio((one, two) => one.busiest / two.busiest),
    of(ones, "gateway"),
    of(twos, "gateway"),
    of(ones, "generator"),
  ];
}

/** Two workers beside one process, with loads that keep the gateway busy, in turns. */
export async function workersBench(
  contestants: readonly Contestant[],
  session: Session,
): Promise<void> {
  const { effort } = session;
  const rounds = session.rounds(2);
  await using broker = await Mosquitto.start();
  const rows: string[][] = [];
  for (const load of ["fan-out", "connects"] as const) {
    for (const contestant of effort.quick ? contestants.slice(0, 1) : contestants) {
      const name = `${load}, ${nameOfOurs(contestant)}`;
      if (!session.mayTake()) {
        session.leftOut([name]);
        continue;
      }
      const costs: Cost[][] = [[], []];
      for (let round = 0; round < rounds; round++) {
        for (const workers of [1, 2]) {
          costs[workers - 1]?.push(await measure(broker, contestant, { load, workers, effort }));
        }
      }
      rows.push([name, ...cells(costs)]);
    }
  }
  session.say(
    `Deliveries to ${connectionsOf(effort).toLocaleString("en")} clients, and connects of ` +
      `${atOnce} at once: two workers to one process, by their rate and by the CPU of the ` +
      "busiest process; CPU of the gateway with each, and of the load. Goal: 1.7.",
  );
  session.table(["", "a second", "rate", "busiest", "CPU: one", "two", "load"], rows);
}
