import { spend } from "../measure/costs.ts";
import {
  bunNative,
  bunWasm,
  denoWasm,
  nameOfOurs,
  nodeWasm,
  peersOf,
} from "../measure/entrants.ts";
import { type BenchProcess, onNode } from "../measure/processes.ts";
import { inTurns } from "../measure/rounds.ts";
import { middle, type Session } from "../measure/session.ts";
import { type Entrant, type Stage, startOurs } from "../measure/stage.ts";
import {
  beginCounting,
  canCountCalls,
  kernelSeconds,
  mainThreadSeconds,
} from "../measure/system-calls.ts";
import type { ConnectLoad } from "../programs/load/connect-load.ts";

const atOnce = 64;
/** Clients that are counted, in each of the two parts. */
const counted = 3_000;
/** Clients before each part: of a server that has just started, and of one that is warm. */
const before = { first: 500, later: 7_000 } as const;

const entrants: readonly Entrant[] = [
  ...peersOf("echo").slice(0, 3),
  ...[
    bunNative,
    bunWasm,
    denoWasm,
    nodeWasm,
    { ...bunNative, workers: 2 },
    { ...nodeWasm, workers: 2 },
  ].map((one): Entrant => {
    const ours = { ...one, origin: "accept-origin" };
    return { name: nameOfOurs(ours), start: () => startOurs(ours) };
  }),
];

/** Of a server that is warm; of one that has just started two of them are shown. */
const columns = {
  server: "CPU",
  main: "main thread",
  kernelShare: "in the kernel",
  origin: "later: origin",
  accepts: "accepts",
  setUps: "set-up",
  receives: "receives",
  sends: "sends",
} as const;
type Column = keyof typeof columns;
type Figure = Record<Column, number>;

/** What one client that connects costs, after so many others. All stay as long as the driver. */
async function connect(stage: Stage, warmUp: number, drivers: BenchProcess[]): Promise<Figure> {
  const [server] = stage.servers;
  const workers = server!.children();
  const pids = workers.length > 0 ? workers : [server!.pid!];
  const end = await beginCounting(pids);
  const load: ConnectLoad = { port: stage.ports[0]!, connections: counted, warmUp, atOnce };
  const driver = onNode("load/connect-load", JSON.stringify(load));
  drivers.push(driver);
  await driver.event("counting");
  const spent = spend(stage);
  const [from, mainFrom] = [kernelSeconds(...pids), mainThreadSeconds(...pids)];
  await driver.event("opened");
  const { server: cpu = Number.NaN, origin = Number.NaN } = spent(counted);
  const main = ((mainThreadSeconds(...pids) - mainFrom) * 1e6) / counted;
  const to = kernelSeconds(...pids);
  const kernelShare = (to.kernel - from.kernel) / (to.all - from.all);
  return { server: cpu, main, kernelShare, origin, ...(await end(counted + warmUp)) };
}

/** Why a connect costs what it does: threads, kernel and system calls. */
export async function connectsBench(session: Session): Promise<void> {
  if (!canCountCalls()) {
    session.say("Not measured: `perf` is missing, or may not count system calls here.");
    return;
  }
  session.say(
    "What a client that connects costs: CPU of the process that takes it and of its origin for " +
      `the first ${counted.toLocaleString("en")}, and after ` +
      `${before.later.toLocaleString("en")} more, with the main thread's part, the kernel's ` +
      "share and system calls (`perf stat`); " +
      "`set-up` is `setsockopt`, `getpeername` and `epoll_ctl`, workers are added up.",
  );
  const parts = session.effort.quick ? ([before.first] as const) : Object.values(before);
  const figures = await inTurns(entrants, session.turns(), async ({ start }) => {
    await using stage = await start();
    const measured: Figure[] = [];
    const drivers: BenchProcess[] = [];
    try {
      for (const warmUp of parts) measured.push(await connect(stage, warmUp, drivers));
    } finally {
      for (const driver of drivers) await driver.end();
    }
    return measured;
  });
  const cell = (rounds: readonly Figure[][], column: Column, at: number): string =>
    middle(rounds.map((round) => round[at]?.[column] ?? Number.NaN));
  const all = Object.keys(columns) as Column[];
  session.table(
    ["", "first: CPU", "origin", "later: CPU", ...Object.values(columns).slice(1)],
    entrants.map(({ name }, index) => {
      const rounds = figures[index]!;
      const first = [cell(rounds, "server", 0), cell(rounds, "origin", 0)];
      return [name, ...first, ...all.map((column) => cell(rounds, column, 1))];
    }),
  );
}
