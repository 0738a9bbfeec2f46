import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../process/free-port.ts";
import { findProgram, Program } from "../process/spawn.ts";
import { waitFor } from "../process/wait.ts";
import { type BrokerCluster, BrokerServer, startCluster } from "./broker-server.ts";

/** A cluster that forms is ready after a second. */
const formMsMax = 10_000;

/** New clusters are formed until one is ready; one of ten or twenty is never. */
const clustersMax = 5;

interface JetStreamState {
  readonly meta_cluster?: {
    readonly leader?: string;
    /** The others, at the leader only. */
    readonly replicas?: readonly { readonly current: boolean }[];
  };
}

/** One NATS server with JetStream and MQTT, as the example configures it. */
export class Nats extends BrokerServer {
  readonly login = "edge:secret";
  /** Of its monitoring over HTTP. */
  readonly #monitor: number;
  readonly #config: string;

  private constructor(port: number, monitor: number, config: string) {
    super(port);
    this.#monitor = monitor;
    this.#config = config;
  }

  /**
   * Starts a cluster of so many servers on this machine, and waits until it is ready. Servers that
   * start at almost the same moment now and then form one which has a leader and refuses every
   * MQTT client for good ("no suitable peers for placement", nats-server 2.10.27). Then a new one
   * is formed. `authorization` takes the place of the example's.
   */
  static async cluster(size: number, authorization?: string): Promise<BrokerCluster> {
    for (let left = clustersMax; ; left -= 1) {
      const cluster = await Nats.#startAll(size, authorization);
      // A server is ready before its cluster is: until then it ends connections.
      const formed = size === 1 ? Promise.resolve() : formation(cluster.nodes);
      const error = await formed.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) return cluster;
      await cluster.end();
      if (left === 1) throw error;
    }
  }

  static #startAll(size: number, authorization?: string): Promise<BrokerCluster<Nats>> {
    const make = async (directory: string): Promise<Nats[]> => {
      const shown = await readFile("examples/brokers/nats.conf", "utf8");
      const example = shown.replace(/^authorization .*$/m, (own) => authorization ?? own);
      const routes = await Promise.all(Array.from({ length: size }, () => freePort()));
      const urls = routes.map((port) => `nats-route://127.0.0.1:${port}`).join(", ");
      const nodes: Nats[] = [];
      for (const [index, route] of routes.entries()) {
        const [clients, port, monitor] = [await freePort(), await freePort(), await freePort()];
        const cluster = `cluster { name: wss, listen: "127.0.0.1:${route}", routes: [${urls}] }`;
        const lines = example
          .replace("mq-a", `mq-${index}`)
          .replace("127.0.0.1:4222", `127.0.0.1:${clients}`)
          .replace("127.0.0.1:1883", `127.0.0.1:${port}`)
          .replace("/var/lib/nats", join(directory, String(index)))
          .replace("change me", "secret");
        const config = join(directory, `${index}.conf`);
        const http = `http: "127.0.0.1:${monitor}"`;
        await writeFile(config, size > 1 ? `${lines}${http}\n${cluster}\n` : lines);
        nodes.push(new Nats(port, monitor, config));
      }
      return nodes;
    };
    return startCluster(make, async (nodes) => {
      for (const node of nodes) await node.start();
    });
  }

  async start(): Promise<void> {
    const server = findProgram("nats-server");
    if (server === undefined) throw new Error("nats-server is not installed");
    await this.run(new Program(server, ["-c", this.#config]), "Server is ready");
  }

  /** What it says of itself over HTTP; its log does not always tell who leads. */
  async ask(path: "/jsz" | "/healthz"): Promise<Response> {
    return await fetch(`http://127.0.0.1:${this.#monitor}${path}`);
  }
}

/** Resolves when all servers are healthy, know a leader, and are known by it as up to date. */
function formation(nodes: readonly Nats[]): Promise<unknown> {
  const isFormed = async (): Promise<boolean> => {
    const healths = await Promise.all(nodes.map((node) => node.ask("/healthz")));
    if (!healths.every(({ ok }) => ok)) return false;
    const answers = await Promise.all(nodes.map((node) => node.ask("/jsz")));
    const states = (await Promise.all(answers.map((one) => one.json()))) as JetStreamState[];
    const clusters = states.map(({ meta_cluster: cluster }) => cluster);
    const current = clusters.flatMap((cluster) => cluster?.replicas ?? []);
    return (
      clusters.every((cluster) => (cluster?.leader ?? "") !== "") &&
      current.filter((replica) => replica.current).length === nodes.length - 1
    );
  };
  return waitFor(() => isFormed().catch(() => false), { deadline: formMsMax });
}
