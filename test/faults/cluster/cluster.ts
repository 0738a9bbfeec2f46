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
  readonly proxy: TcpProxy;
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

/** Two nodes, three origins and a broker, each behind a proxy of its own. */
export class Cluster {
  readonly combination: Combination;
  readonly broker: Mosquitto;
  /** What the connections of nodes and origins to the broker lose. */
  readonly loss: PacketLoss = new PacketLoss(new Dice(20_261_125));
  /** Of nodes, besides those that all have. */
  readonly flags: readonly string[];
  readonly nodes: NodePlace[] = [];
  readonly origins: OriginPlace[] = [];
  /** Every process that a node ever was. */
  readonly processes: { readonly name: string; readonly process: GatewayProcess }[] = [];

  readonly #proxies: TcpProxy[] = [];

  private constructor(combination: Combination, flags: readonly string[], broker: Mosquitto) {
    this.combination = combination;
    this.flags = flags;
    this.broker = broker;
  }

  static async start(combination: Combination, flags: readonly string[] = []): Promise<Cluster> {
    const cluster = new Cluster(combination, flags, await Mosquitto.start());
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
      const proxy = await this.#proxy();
      this.origins.push({ name, proxy, lives: [], marks: new Map() });
      this.startOrigin(this.origins.at(-1)!);
    }
    const starting = ["n1", "n2"].map(async (name) => this.#startFirst(name, await this.#proxy()));
    this.nodes.push(...(await Promise.all(starting)));
    for (const node of this.nodes) await this.ready(node);
    for (const origin of this.origins) await this.originJoined(origin);
  }

  async #proxy(): Promise<TcpProxy> {
    const proxy = await TcpProxy.start(this.broker.port, this.loss.filter);
    this.#proxies.push(proxy);
    return proxy;
  }

  /** The first life of a node finds its ports. */
  async #startFirst(name: string, proxy: TcpProxy): Promise<NodePlace> {
    const start = async (port: number): Promise<NodePlace> => {
      const place = { name, proxy, port, adminPort: await freePort(), away: false };
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
    const { name, proxy, lives } = origin;
    const { handlerMs } = setup;
    const authorises = this.flags.includes("--authorize");
    lives.push(new OriginLife(name, proxy.url, { life: lives.length + 1, handlerMs, authorises }));
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
    await this.broker[Symbol.asyncDispose]();
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
      node.proxy.url,
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
