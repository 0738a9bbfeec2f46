import { setTimeout as wait } from "node:timers/promises";
import {
  bunNative,
  bunWasm,
  entrantOf,
  nameOfOurs,
  nodeWasm,
  peersOf,
} from "../measure/entrants.ts";
import { slabBytes, tcpBufferBytes } from "../measure/kernel.ts";
import { type BenchProcess, onNode } from "../measure/processes.ts";
import { inTurns } from "../measure/rounds.ts";
import { middle, type Session } from "../measure/session.ts";
import { type Entrant, type Stage, startOurs } from "../measure/stage.ts";
import type { ConnectLoad } from "../programs/load/connect-load.ts";

interface Figure {
  /** Resident in the server, for each connection. */
  readonly bytes: number;
  /** Of the kernel, for each connection: of both ends of it. */
  readonly kernelBytes: number;
  /** µs for each connection and second. */
  readonly cpu: number;
}

/** Below any listen backlog. */
const atOnce = 64;
const warmUp = 200;

function entrants(isQuick: boolean): Entrant[] {
  // Deno collects no garbage when it is asked from outside.
  const peers = peersOf("echo").filter(({ name }) => !name.startsWith("Deno"));
  const own = (isQuick ? [bunNative, nodeWasm] : [bunNative, bunWasm, nodeWasm]).map((one) =>
    entrantOf(one),
  );
  const open = { ...bunNative, mode: "open", origin: null } as const;
  const alone = { name: `${nameOfOurs(open)}, no origin`, start: () => startOurs(open) };
  return isQuick ? own : [...peers, alone, ...own];
}

const looksMax = 30;

/** What is resident after garbage collection, when it no longer shrinks. */
async function collectedBytes(server: BenchProcess, isQuick: boolean): Promise<number> {
  // Looks without a smaller one, until it counts as settled.
  const [settleMs, equalLooks] = isQuick ? [200, 1] : [500, 3];
  let least = Number.POSITIVE_INFINITY;
  for (let equal = 0, looks = 0; equal < equalLooks && looks < looksMax; looks++) {
    server.signal("SIGUSR2");
    await server.event("collected");
    await wait(settleMs);
    const bytes = server.residentBytes();
    equal = bytes < least * 0.998 ? 0 : equal + 1;
    least = Math.min(least, bytes);
  }
  return least;
}

/** Opens connections that stay, in a process of its own; resolves when all are open. */
async function opened(stage: Stage, connections: number): Promise<BenchProcess> {
  const { protocol, ports } = stage;
  const load: ConnectLoad = { port: ports[0]!, protocol, connections, atOnce };
  const driver = onNode("load/connect-load", JSON.stringify(load));
  await driver.event("opened");
  return driver;
}

async function measure({ start }: Entrant, { effort }: Session): Promise<Figure> {
  await using stage = await start();
  const server = stage.servers[0]!;
  const connections = effort.quick ? 2_000 : 10_000;
  const drivers: BenchProcess[] = [];
  try {
    // Warm: what the first handshakes load and compile is no cost of a connection.
    drivers.push(await opened(stage, warmUp));
    const before = await collectedBytes(server, effort.quick);
    const kernel = (): number => slabBytes() + tcpBufferBytes();
    const kernelBefore = kernel();
    drivers.push(await opened(stage, connections));
    const kernelBytes = (kernel() - kernelBefore) / connections;
    const bytes = ((await collectedBytes(server, effort.quick)) - before) / connections;
    const cpuBefore = server.cpuSeconds();
    const seconds = effort.quick ? 1 : 6;
    await wait(seconds * 1_000);
    const cpu = ((server.cpuSeconds() - cpuBefore) * 1e6) / (seconds * (connections + warmUp));
    return { bytes, kernelBytes, cpu };
  } finally {
    for (const driver of drivers) await driver.end();
  }
}

/** What connections cost that say nothing. */
export async function idleBench(session: Session): Promise<void> {
  const all = entrants(session.effort.quick);
  const connections = session.effort.quick ? "2,000" : "10,000";
  session.say(
    `${connections} connections that say nothing: what the server's memory grew by, after ` +
      "garbage collection, and the kernel's for both ends. Goal: 4,096 bytes on Bun, wasm.",
  );
  const figures = await inTurns(all, session.turns(2), (entrant) => measure(entrant, session));
  const of = (index: number, name: keyof Figure): number[] =>
    figures[index]!.map((figure) => figure[name]);
  session.table(
    ["", "bytes in the server", "bytes in the kernel", "CPU a second, µs"],
    all.map(({ name }, index) => [
      name,
      middle(of(index, "bytes")),
      middle(of(index, "kernelBytes")),
      middle(of(index, "cpu")),
    ]),
  );
  const bars = all.map(({ name }, index) => ({ name, rounds: of(index, "bytes") }));
  session.bars("idle", "Bytes in the server for an idle connection", bars);
  for (const [index, { name }] of all.entries()) {
    for (const part of ["bytes", "kernelBytes", "cpu"] as const) {
      session.keep(`${name}: ${part}`, of(index, part));
    }
  }
}
