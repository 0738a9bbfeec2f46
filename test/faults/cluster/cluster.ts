import { Mosquitto } from "../../support/broker/mosquitto.ts";
import {
  type GatewayProcess,
  type GatewayRuntime,
  spawnGateway,
} from "../../support/gateway/gateway.ts";
import { freePort, onFreePort } from "../../support/process/free-port.ts";
import { PacketLoss } from "../../support/process/packet-loss.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";
import { Dice } from "../../vectors/dice.ts";
import { OriginLife } from "./origin-log.ts";

export interface Combination {
  /** How much longer recovery may take than promised, where other tests run beside this one. */
  readonly slack?: number;
  readonly runtime: GatewayRuntime;
  readonly engine: "native" | "wasm";
}

/** What the nodes run with. Small, so that outages fill windows and expiries are waited for. */
export const setup = {
  presenceIntervalMs: 1_000,
  drainPeriodMs: 1_000,
  /** The least there is; Deno's server cannot pause, so its nodes need the room of an outage. */
  windowBytes: 65_536,
  windowBytesUnpaused: 8_388_608,
  handlerMs: 2,
} as const;

/** Clients that stay, of each node. */
export const talkersPerNode = 50;

/** A place for a process that dies and comes back under the same name. */
export interface Place {
  readonly name: string;
  /** Before the broker; of several, before the first. */
  readonly proxy: TcpProxy;
  /** The URLs by which it reaches the brokers, as `--broker` takes them. */
  readonly brokers: string;
}

/** What a fault needs of its cluster. */
export interface ClusterNeeds {
  /** Flags of the nodes besides those that all have. */
  readonly flags?: readonly string[] | undefined;
  /** The number of brokers; one by default. */
  readonly brokers?: number | undefined;
}

/** A node: its ports stay the same in all its lives. */
export interface NodePlace extends Place {
  readonly port: number;
  readonly adminPort: number;
  process: GatewayProcess;
  /** Stopped by SIGSTOP, or dead: not to be asked for its metrics. */
  away: boolean;
}

/** An origin, and all its lives; the last one is the present one. */
export interface OriginPlace extends Place {
  readonly lives: OriginLife[];
  /** What nodes had logged when the present life began. */
  marks: Marks;
}

export type Marks = ReadonlyMap<GatewayProcess, number>;

/** Waiting for anything here: three runtimes may start at once on two cores. */
export const waitMs = 30_000;

/** Two nodes, three origins, and a broker or several, each behind proxies of its own. */
export class Cluster {
  readonly combination: Combination;
  readonly brokers: readonly Mosquitto[];
  /** What the connections of nodes and origins to the broker lose. */
  readonly loss: PacketLoss = new PacketLoss(new Dice(20_261_125));
  /** Of nodes, besides those that all have. */
  readonly flags: readonly string[];
  readonly nodes: NodePlace[] = [];
  readonly origins: OriginPlace[] = [];
  /** Every process that a node ever was. */
  readonly processes: { readonly name: string; readonly process: GatewayProcess }[] = [];

  readonly #proxies: TcpProxy[] = [];

  private constructor(
    combination: Combination,
    flags: readonly string[],
    brokers: readonly Mosquitto[],
  ) {
    this.combination = combination;
    this.flags = flags;
    this.brokers = brokers;
  }

  static async start(combination: Combination, needs: ClusterNeeds = {}): Promise<Cluster> {
    const { flags = [], brokers = 1 } = needs;
    const starting = Array.from({ length: brokers }, () => Mosquitto.start());
    const cluster = new Cluster(combination, flags, await Promise.all(starting));
    try {
      await cluster.#start();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  async #start(): Promise<void> {
    for (const name of ["o1", "o2", "o3"]) {
      this.origins.push({ ...(await this.#place(name)), lives: [], marks: new Map() });
      this.startOrigin(this.origins.at(-1)!);
    }
    const starting = ["n1", "n2"].map(async (name) => this.#startFirst(await this.#place(name)));
    this.nodes.push(...(await Promise.all(starting)));
    for (const node of this.nodes) await this.ready(node);
    for (const origin of this.origins) await this.originJoined(origin);
  }

  async #place(name: string): Promise<Place> {
    const { filter } = this.loss;
    const proxies = await Promise.all(
      this.brokers.map(({ port }) => TcpProxy.start(port, filter)),
    );
    this.#proxies.push(...proxies);
    return { name, proxy: proxies[0]!, brokers: proxies.map(({ url }) => url).join(",") };
  }

  /** The only one, or the first. */
  get broker(): Mosquitto {
    return this.brokers[0]!;
  }

  /** The first life of a node finds its ports. */
  async #startFirst(first: Place): Promise<NodePlace> {
    const start = async (port: number): Promise<NodePlace> => {
      const place = { ...first, port, adminPort: await freePort(), away: false };
      const process = this.#spawn(place);
      await process.started;
      return { ...place, process };
    };
    return onFreePort(start, (error) => String(error).includes('"port-in-use"'));
  }

  #spawn(place: Omit<NodePlace, "process">): GatewayProcess {
    const process = spawnNode(this, place);
    this.processes.push({ name: place.name, process });
    return process;
  }

  /** Every life that an origin ever had. */
  get lives(): OriginLife[] {
    return this.origins.flatMap((origin) => origin.lives);
  }

  life(origin: OriginPlace): OriginLife {
    return origin.lives.at(-1)!;
  }

  startOrigin(origin: OriginPlace): void {
    const { name, brokers, lives } = origin;
    const { handlerMs } = setup;
    const authorises = this.flags.includes("--authorize");
    lives.push(new OriginLife(name, brokers, { life: lives.length + 1, handlerMs, authorises }));
    origin.marks = this.marks();
  }

  /** How many lines each node has logged until now. */
  marks(): Marks {
    return new Map(this.nodes.map(({ process }) => [process, process.log.length]));
  }

  /** Lines that the present nodes logged since `marks` about an origin, or about none. */
  logged(marks: Marks, event: string, origin?: string): NodePlace[] {
    return this.nodes.filter(({ process }) =>
      process.log
        .slice(marks.get(process) ?? 0)
        .some((line) => line.event === event && line.origin === origin),
    );
  }

  /** Resolves when every node gives the present life of an origin connections. */
  async originJoined(origin: OriginPlace): Promise<void> {
    const life = this.life(origin);
    await life.started();
    const what = `${origin.name} to join`;
    const joined = (): boolean => {
      life.program.mustRun(what);
      for (const { process } of this.nodes) process.mustRun(what);
      return this.logged(origin.marks, "origin-joined", origin.name).length === this.nodes.length;
    };
    await waitFor(joined, { what, deadline: waitMs });
  }

  /** Starts a node where the one before it has ended, and waits until it is ready. */
  async startNode(node: NodePlace): Promise<void> {
    node.process = this.#spawn(node);
    await node.process.started;
    node.away = false;
    await this.ready(node);
    const live = this.origins.map(({ name }) => name);
    const what = `${node.name} to find the origins`;
    const found = (): boolean => {
      node.process.mustRun(what);
      return live.every((name) => this.logged(new Map(), "origin-joined", name).includes(node));
    };
    await waitFor(found, { what, deadline: waitMs });
  }

  /** Resolves when a node says that it is ready. */
  async ready(node: NodePlace): Promise<void> {
    const what = `${node.name} to be ready`;
    const isReady = (): Promise<boolean> => {
      node.process.mustRun(what);
      return this.isReady(node).catch(() => false);
    };
    await waitFor(isReady, { what, deadline: waitMs });
  }

  /** What a node says of it just now. */
  async isReady(node: NodePlace): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${node.adminPort}/readyz`);
    await answer.text();
    return answer.status === 200;
  }

  /** The text of a node's metrics; undefined where the node cannot say. */
  async metrics(node: NodePlace): Promise<string | undefined> {
    if (node.away) return undefined;
    try {
      const signal = AbortSignal.timeout(1_000);
      const answer = await fetch(`http://127.0.0.1:${node.adminPort}/metrics`, { signal });
      return await answer.text();
    } catch {
      return undefined;
    }
  }

  /** Ends everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.processes) await process[Symbol.asyncDispose]();
    for (const { program } of this.lives) await program[Symbol.asyncDispose]();
    for (const proxy of this.#proxies) await proxy.close();
    for (const broker of this.brokers) await broker[Symbol.asyncDispose]();
  }
}

/** The window that nodes are given, and whether they stop reading when it is full. */
export function windowBytesOf({ runtime, engine }: Combination): {
  readonly bytes: number;
  readonly pauses: boolean;
} {
  const pauses = runtime !== "deno" || engine !== "native";
  return { pauses, bytes: pauses ? setup.windowBytes : setup.windowBytesUnpaused };
}

function spawnNode(
  { combination, flags }: Cluster,
  node: Omit<NodePlace, "process">,
): GatewayProcess {
  const { runtime, engine } = combination;
  const { bytes } = windowBytesOf(combination);
  return spawnGateway({
    runtime,
    kept: true,
    flags: [
      "--broker",
      node.brokers,
      "--node-name",
      node.name,
      "--engine",
      engine,
      "--port",
      String(node.port),
      "--admin-port",
      String(node.adminPort),
      "--event-window-size",
      String(bytes),
      "--drain-period",
      `${setup.drainPeriodMs}ms`,
      "--presence-interval",
      `${setup.presenceIntervalMs}ms`,
      "--unready-after",
      "0ms",
      ...flags,
    ],
  });
}
