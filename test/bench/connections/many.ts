import { setTimeout as wait } from "node:timers/promises";
import { bunNative, nameOfOurs } from "../measure/entrants.ts";
import { slabBytes, tcpBufferBytes } from "../measure/kernel.ts";
import { type BenchProcess, cpuSecondsOf, onNode, residentBytesOf } from "../measure/processes.ts";
import { inTurns } from "../measure/rounds.ts";
import { ranged, type Session } from "../measure/session.ts";
import { type Ours, type Stage, startOurs } from "../measure/stage.ts";
import type { ConnectLoad } from "../programs/load/connect-load.ts";

interface Size {
  readonly connections: number;
  readonly workers: number;
  /** Processes that hold the clients: each may have 20,000 descriptors. */
  readonly holders: number;
}

const full: Size = { connections: 60_000, workers: 4, holders: 4 };
const quick: Size = { connections: 4_000, workers: 2, holders: 2 };
/** Of the address range 127.0.0.0/8, for each holder: the kernel has 28,000 ports for each. */
const addressesOfHolder = 2;
const settleMs = 3_000;
const idleMs = 10_000;

interface Figure {
  readonly perSecond: number;
  readonly serverBytes: number;
  /** Of both ends. */
  readonly slabBytes: number;
  readonly bufferBytes: number;
  readonly cpu: number;
}

async function connect(stage: Stage, { connections, holders }: Size): Promise<BenchProcess[]> {
  const drivers: BenchProcess[] = [];
  for (let index = 0; index < holders; index++) {
    const load: ConnectLoad = {
      port: stage.ports[0]!,
      connections: connections / holders,
      atOnce: 32,
      addresses: [2 + index * addressesOfHolder, addressesOfHolder],
    };
    drivers.push(onNode("load/connect-load", JSON.stringify(load)));
  }
  for (const driver of drivers) await driver.event("opened");
  return drivers;
}

async function measure(size: Size, { effort }: Session): Promise<Figure> {
  const ours: Ours = { ...bunNative, workers: size.workers };
  await using stage = await startOurs(ours);
  const workers = stage.servers[0]!.children();
  const resident = (): number[] => workers.map(residentBytesOf);
  const cpu = (): number => workers.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  const sum = (figures: readonly number[]): number => figures.reduce((all, one) => all + one, 0);
  const before = { resident: resident(), slab: slabBytes(), buffers: tcpBufferBytes() };
  const from = performance.now();
  let drivers: BenchProcess[] = [];
  try {
    drivers = await connect(stage, size);
    const seconds = (performance.now() - from) / 1_000;
    await wait(effort.quick ? 500 : settleMs);
    const grown = resident().map((bytes, index) => bytes - before.resident[index]!);
    const each = (bytes: number): number => bytes / size.connections;
    const figure = {
      perSecond: size.connections / seconds,
      serverBytes: each(sum(grown)),
      slabBytes: each(slabBytes() - before.slab),
      bufferBytes: each(tcpBufferBytes() - before.buffers),
    };
    const cpuBefore = cpu();
    const idle = effort.quick ? 1_000 : idleMs;
    await wait(idle);
    return { ...figure, cpu: ((cpu() - cpuBefore) * 1e9) / idle / size.connections };
  } finally {
    await Promise.all(drivers.map((driver) => driver.end()));
  }
}

/** As many connections as one machine takes, over several workers. */
export async function manyBench(session: Session): Promise<void> {
  const size = session.effort.quick ? quick : full;
  const { connections, workers } = size;
  session.say(
    `${connections.toLocaleString("en")} connections that say nothing, on ${workers} workers ` +
      `(${nameOfOurs(bunNative)}, an assigned origin): what the workers gained, garbage included.`,
  );
  const [figures = []] = await inTurns([size], session.turns(1), (one) => measure(one, session));
  const of = (name: keyof Figure): string => ranged(figures.map((figure) => figure[name]));
  session.table(
    ["for each connection", ""],
    [
      ["bytes in the workers", of("serverBytes")],
      ["bytes in slabs, both ends", of("slabBytes")],
      ["bytes in TCP buffers, both ends", of("bufferBytes")],
      ["CPU of the workers a second, µs", of("cpu")],
    ],
  );
  session.say(`${of("perSecond")} connected a second.`);
  for (const name of ["serverBytes", "slabBytes", "bufferBytes", "cpu"] as const) {
    session.keep(
      name,
      figures.map((figure) => figure[name]),
    );
  }
}
