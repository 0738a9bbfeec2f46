import { type HttpServer, serveHttp } from "../../../adapters/http/mod.ts";
import { HttpClient } from "../../../adapters/http-client/mod.ts";
import { InProcessBus } from "../../../adapters/in-process/mod.ts";
import { PeerCluster, type PeerPost, peerLimits } from "../../../adapters/peers/mod.ts";
import { randomName } from "../../../core/base/mod.ts";
import { MemoryMetrics } from "../memory/mod.ts";
import { onFreePort } from "../process/free-port.ts";
import { waitFor } from "../process/wait.ts";
import { type TestPorts, testPorts } from "./broker-rigs.ts";

/** What a test may choose of a node. */
export interface PeerNodeOptions {
  readonly apps?: readonly string[];
  readonly peers?: readonly string[];
  readonly secret?: string;
  readonly hasOrigins?: boolean;
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Stands between the node and its HTTP client. */
  readonly through?: (http: PeerPost) => PeerPost;
}

export const testSecret = "a secret that all nodes of a test know";

/** A bus, its peers, and the server that the peers reach it by. */
export class PeerNode {
  readonly name: string;
  readonly incarnation: string;
  readonly bus: InProcessBus = new InProcessBus();
  readonly cluster: PeerCluster;
  readonly metrics: MemoryMetrics = new MemoryMetrics();
  readonly ports: TestPorts = testPorts();
  readonly #client: HttpClient;
  /** By the address that they listen at. */
  readonly #servers: Map<string, HttpServer> = new Map();

  constructor(name: string, peers: readonly string[], options: PeerNodeOptions) {
    const { apps = ["default", "shop"], secret = testSecret, hasOrigins = false } = options;
    const { through = (http) => http, resolve = async (host) => [host] } = options;
    const { clock, random } = this.ports;
    this.name = name;
    this.incarnation = randomName(random, 12);
    this.#client = new HttpClient({ connectMs: peerLimits.dialMs }, { clock });
    this.cluster = new PeerCluster(
      { node: name, incarnation: this.incarnation, apps, peers, secret, hasOrigins },
      {
        ...this.ports,
        metrics: this.metrics,
        http: through(this.#client),
        openLocal: this.bus.open,
        resolve,
      },
    );
  }

  /** Events of its log. */
  get logged(): string[] {
    return this.ports.logger.records.map(({ event }) => event);
  }

  /** Listens at one more address. */
  async listen({ hostname: host, port }: URL): Promise<void> {
    const server = await serveHttp(this.cluster.handle, { host, port: Number(port) });
    this.#servers.set(host, server);
  }

  /** Does not listen at an address any more. */
  async leave({ hostname }: URL): Promise<void> {
    await this.#servers.get(hostname)?.close();
  }

  /** Nothing more comes from it, and nobody reaches it. */
  async die(): Promise<void> {
    this.#client.close();
    await Promise.all(Array.from(this.#servers.values(), (server) => server.close()));
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
    await this.die();
  }
}

/** Up to `nodesMax` nodes at addresses of this machine, each of which knows all addresses. */
export class PeerNetwork {
  readonly nodes: PeerNode[] = [];
  readonly #port: number;
  readonly #living: Set<PeerNode> = new Set();

  constructor(port: number) {
    this.#port = port;
  }

  static start(): Promise<PeerNetwork> {
    return onFreePort(
      async (port) => new PeerNetwork(port),
      () => false,
    );
  }

  /** The address that node `index` has, or would have. */
  url(index: number): string {
    return `http://127.0.0.${index + 1}:${this.#port}`;
  }

  get urls(): string[] {
    return Array.from({ length: nodesMax }, (_, index) => this.url(index));
  }

  /** Starts a node, and waits until it and all others reach each other. */
  async join(name: string, options: PeerNodeOptions = {}): Promise<PeerNode> {
    const node = await this.start(name, options);
    await this.joined();
    return node;
  }

  async start(name: string, options: PeerNodeOptions = {}): Promise<PeerNode> {
    const index = this.nodes.length;
    const node = new PeerNode(name, options.peers ?? this.urls, options);
    this.nodes.push(node);
    this.#living.add(node);
    await node.listen(new URL(this.url(index)));
    await node.cluster.start();
    return node;
  }

  /** Resolves when every living node reaches every other. */
  async joined(): Promise<void> {
    const others = this.#living.size - 1;
    for (const { cluster, name } of this.#living) {
      await waitFor(() => cluster.reachable === others, { what: `${name} and its peers` });
    }
  }

  async die(node: PeerNode): Promise<void> {
    this.#living.delete(node);
    await node.die();
  }

  async end(): Promise<void> {
    // The servers of the living keep the process up until the dead have ended.
    const dead = this.nodes.filter((node) => !this.#living.has(node));
    await Promise.all(dead.map((node) => node.stop()));
    await Promise.all(Array.from(this.#living, (node) => node.stop()));
  }
}

/** Addresses that every node tries. */
const nodesMax = 5;
