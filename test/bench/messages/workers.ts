import { Mosquitto } from "../../support/broker/mosquitto.ts";
import {
  type BenchProcess,
  type Contestant,
  gateway,
  onNode,
  spread,
} from "../measure/processes.ts";
import type { Effort, Session } from "../measure/session.ts";
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
  /** Processors that gateway and generator kept busy. */
  readonly busy: number;
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
  const all = spent.reduce((sum, cpu) => sum + cpu, 0);
  const drove = ((await generator) * took) / (seconds * 0.9);
  return {
    perSecond: count / took,
    gateway: each(all),
    busiest: each(Math.max(...spent)),
    generator: each(drove),
    busy: (all + drove) / took,
  };
}

/** What one process and two workers cost with one load. */
function say(
  print: (line: string) => void,
  load: Load,
  costs: readonly (readonly Cost[])[],
): void {
  const [unit, scale] = load === "fan-out" ? ["thousand/s", 1_000] : ["/s", 1];
  for (const [at, list] of costs.entries()) {
    const figures = (name: keyof Cost, digits: number, scale = 1): string => {
      const scaled = list.map((cost) => cost[name] / scale);
      return spread(scaled, digits);
    };
    const name = at === 0 ? "one process" : "two workers";
    const rates = `${figures("perSecond", 0, scale)} ${unit}`;
    print(`    ${name}: ${rates}; processors busy ${figures("busy", 2)}`);
    print(
      `      CPU of each in µs: gateway ${figures("gateway", 2)}, its busiest process ` +
        `${figures("busiest", 2)}, generator ${figures("generator", 2)}`,
    );
  }
  const [ones = [], twos = []] = costs;
  const ratio = (of: (one: Cost, two: Cost) => number): string =>
    spread(
      twos.map((two, round) => of(ones[round] ?? two, two)),
      2,
    );
  print(
    `    two to one: rate ${ratio((one, two) => two.perSecond / one.perSecond)}; by the ` +
      `CPU of the busiest process ${ratio((one, two) => one.busiest / two.busiest)}`,
  );
}

/** Two workers beside one process, with loads that keep the gateway busy, in turns. */
export async function workersBench(
  contestants: readonly Contestant[],
  session: Session,
): Promise<void> {
  const { effort, print } = session;
  const rounds = session.rounds(2);
  await using broker = await Mosquitto.start();
  print("one process and two workers; the generator is one process on the same processors:");
  for (const load of ["fan-out", "connects"] as const) {
    const what =
      load === "fan-out" ? `to ${connectionsOf(effort)} clients` : `${atOnce} clients at once`;
    for (const contestant of effort.quick ? contestants.slice(0, 1) : contestants) {
      const { runtime, engine } = contestant;
      if (!session.mayTake()) {
        session.leftOut([`${load}, ${runtime} ${engine}`]);
        continue;
      }
      print(`  ${load}, ${what}, ${runtime} ${engine}:`);
      const costs: Cost[][] = [[], []];
      for (let round = 0; round < rounds; round++) {
        for (const workers of [1, 2]) {
          costs[workers - 1]?.push(await measure(broker, contestant, { load, workers, effort }));
        }
      }
      say(print, load, costs);
    }
  }
}
