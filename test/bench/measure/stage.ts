import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { killAtExit } from "../../support/process/kill-at-exit.ts";
import type { Protocol } from "../programs/load/wire.ts";
import { startNchan } from "./nchan.ts";

export { nchanMissing } from "./nchan.ts";

import {
  type BenchProcess,
  type Contestant,
  cpuSecondsOf,
  gateway,
  onBun,
  onDeno,
  onNode,
} from "./processes.ts";

/** What runs under a load, beside the load itself. */
export type Role = "server" | "broker" | "origin";

/** Servers that run, as long as a bench needs them. */
export interface Stage extends AsyncDisposable {
  /** Client ports, one for each node. */
  readonly ports: readonly number[];
  /** Admin ports of the same nodes, if they are ours. */
  readonly adminPorts: readonly number[];
  /** The processes that hold the connections: their garbage can be collected. */
  readonly servers: readonly BenchProcess[];
  readonly origins: readonly BenchProcess[];
  readonly protocol: Protocol;
  readonly path?: string;
  /** URL of the brokers, where there are some. */
  readonly broker: string;
  /** Seconds of CPU so far. What is not there is missing. */
  cpuSeconds(): Partial<Record<Role, number>>;
}

/** Somebody who takes part in a bench. */
export interface Entrant {
  readonly name: string;
  readonly start: () => Promise<Stage>;
  /** Part of a quick run too. */
  readonly quick?: boolean;
}

/** A gateway of ours with all that stands behind it. */
export interface Ours extends Contestant {
  readonly qos?: 0 | 1;
  readonly workers?: number;
  /** How many of mosquitto, the embedded one, or the URL of one that runs. */
  readonly brokers?: number | "embedded" | `mqtt://${string}`;
  readonly nodes?: number;
  readonly origins?: number;
  /** A program of the bench: `echo-origin` where undefined, none where null. */
  readonly origin?: string | null;
  readonly flags?: readonly string[];
}

const sum = (figures: readonly number[]): number => figures.reduce((all, one) => all + one, 0);

const cpuOf = (processes: readonly BenchProcess[]): number =>
  sum(processes.flatMap((one) => [one.cpuSeconds(), ...one.childrenCpuSeconds()]));

class Running implements Stage {
  readonly ports: number[] = [];
  readonly adminPorts: number[] = [];
  readonly servers: BenchProcess[] = [];
  readonly origins: BenchProcess[] = [];
  readonly brokers: Mosquitto[] = [];
  readonly protocol: Protocol;
  readonly path?: string;
  broker = "";
  end: () => Promise<void> = async () => {};

  constructor(protocol: Protocol = "websocket", path?: string) {
    this.protocol = protocol;
    if (path !== undefined) this.path = path;
  }

  cpuSeconds(): Partial<Record<Role, number>> {
    return {
      server: cpuOf(this.servers),
      ...(this.brokers.length > 0 && {
        broker: sum(this.brokers.map((b) => cpuSecondsOf(b.pid))),
      }),
      ...(this.origins.length > 0 && { origin: cpuOf(this.origins) }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of [...this.origins, ...this.servers]) await one.end();
    for (const broker of this.brokers) await broker[Symbol.asyncDispose]();
    await this.end();
  }
}

/** Disposes of what had started already where the rest does not. */
async function starting<Stage extends AsyncDisposable>(
  stage: Stage,
  rest: (stage: Stage) => Promise<void>,
): Promise<Stage> {
  try {
    await rest(stage);
    return stage;
  } catch (error) {
    await stage[Symbol.asyncDispose]();
    throw error;
  }
}

function flagsOf({ mode = "assigned", qos, workers, flags = [] }: Ours): string[] {
  return [
    "--origin-mode",
    mode,
    ...(qos === undefined ? [] : ["--stream-qos", String(qos)]),
    ...(workers === undefined ? [] : ["--workers", String(workers)]),
    // All clients come from one address.
    "--max-handshake-rate-per-ip",
    "0",
    ...flags,
  ];
}

async function startOrigins(stage: Running, ours: Ours): Promise<void> {
  if (ours.origin === null) return;
  for (let index = 0; index < (ours.origins ?? 1); index++) {
    const words = [stage.broker, ours.mode ?? "assigned", String(ours.qos ?? 0)];
    stage.origins.push(onBun(ours.origin ?? "echo-origin", ...words));
  }
  for (const origin of stage.origins) await origin.event("started");
}

/** Starts brokers, origins and nodes; resolves when every node knows every origin. */
export function startOurs(ours: Ours): Promise<Stage> {
  const { brokers = 1, mode = "assigned" } = ours;
  return starting(new Running(), async (stage) => {
    if (typeof brokers === "string" && brokers !== "embedded") stage.broker = brokers;
    if (typeof brokers === "number") {
      for (let index = 0; index < brokers; index++) {
        const broker = await Mosquitto.start();
        stage.brokers.push(broker);
        killAtExit(broker.pid);
      }
      stage.broker = stage.brokers.map((broker) => broker.url()).join(",");
    }
    if (brokers !== "embedded") await startOrigins(stage, ours);
    for (let index = 0; index < (ours.nodes ?? 1); index++) {
      const broker = brokers === "embedded" ? ["--broker-port", "0"] : [];
      const url = brokers === "embedded" ? "embedded" : stage.broker;
      const server = gateway(ours, url, ...flagsOf(ours), ...broker);
      stage.servers.push(server);
      // An embedded broker is there before its origins are.
      const isAlone = mode === "open" || brokers === "embedded" || ours.origin === null;
      const { adminPort, port, brokerPort } = await ready(server, isAlone ? 0 : joinsOf(ours));
      stage.ports.push(Number(port));
      stage.adminPorts.push(Number(adminPort));
      if (brokers === "embedded") stage.broker = `mqtt://127.0.0.1:${brokerPort}`;
    }
    if (brokers !== "embedded") return;
    await startOrigins(stage, ours);
    if (mode === "open" || ours.origin === null) return;
    for (let joins = joinsOf(ours); joins > 0; joins--) {
      await stage.servers[0]?.event("origin-joined");
    }
  });
}

/** How often a gateway logs that an origin joined: each worker does. */
const joinsOf = ({ origins = 1, workers = 1 }: Ours): number => origins * workers;

/** The line that a gateway serves, when it has also logged so many origins. */
async function ready(server: BenchProcess, joins: number): Promise<Record<string, unknown>> {
  let started: Record<string, unknown> | undefined;
  for (let joined = 0; started === undefined || joined < joins; ) {
    const line = JSON.parse(await server.line("{")) as Record<string, unknown>;
    if (line.event === "origin-joined") joined += 1;
    if (line.event === "started") started ??= line;
  }
  return started;
}

export type Peer = "ws" | "socket-io" | "bun" | "deno";

const runtimes = { ws: onNode, "socket-io": onNode, bun: onBun, deno: onDeno } as const;

/** A peer in one process, without anything of ours. */
export function startPeer(peer: Peer, ...words: string[]): Promise<Stage> {
  const protocol = peer === "socket-io" ? "socket.io" : "websocket";
  return starting(new Running(protocol), (stage) => runPeer(stage, peer, words));
}

/** A peer that delivers what is published on a mosquitto. */
export function startPeerAt(peer: Peer, ...words: string[]): Promise<Stage> {
  const protocol = peer === "socket-io" ? "socket.io" : "websocket";
  return starting(new Running(protocol), async (stage) => {
    stage.brokers.push(await Mosquitto.start());
    stage.broker = stage.brokers[0]!.url();
    await runPeer(stage, peer, [stage.broker, ...words]);
  });
}

async function runPeer(stage: Running, peer: Peer, words: readonly string[]): Promise<void> {
  const server = runtimes[peer](`peers/${peer}`, ...words);
  stage.servers.push(server);
  stage.ports.push(Number((await server.event("started")).port));
}

/** nginx with nchan, which must be there. */
export function startNchanStage(path: string): Promise<Stage> {
  return starting(new Running("websocket", path), async (stage) => {
    const { port, server, end } = await startNchan();
    stage.end = end;
    stage.servers.push(server);
    stage.ports.push(port);
  });
}
