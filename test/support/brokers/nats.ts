import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../process/free-port.ts";
import { findProgram, Program } from "../process/spawn.ts";
import type { BrokerCluster, BrokerServer } from "./broker-server.ts";

/** One NATS server with JetStream and MQTT, as the example configures it. */
export class Nats implements BrokerServer {
  readonly login = "edge:secret";
  readonly port: number;
  readonly #config: string;
  #program: Program | undefined;

  private constructor(port: number, config: string) {
    this.port = port;
    this.#config = config;
  }

  /** Starts a cluster of so many servers on this machine, and waits until it has a leader. */
  static async cluster(size: number): Promise<BrokerCluster> {
    const example = await readFile("examples/brokers/nats.conf", "utf8");
    const directory = await mkdtemp(join(tmpdir(), "wss-nats-"));
    const routes = await Promise.all(Array.from({ length: size }, () => freePort()));
    const urls = routes.map((port) => `nats-route://127.0.0.1:${port}`).join(", ");
    const nodes: Nats[] = [];
    const end = async (): Promise<void> => {
      await Promise.all(nodes.map((node) => node.kill()));
      await rm(directory, { recursive: true, force: true });
    };
    try {
      for (const [index, route] of routes.entries()) {
        const [clients, port] = [await freePort(), await freePort()];
        const cluster = `cluster { name: wss, listen: "127.0.0.1:${route}", routes: [${urls}] }`;
        const lines = example
          .replace("mq-a", `mq-${index}`)
          .replace("127.0.0.1:4222", `127.0.0.1:${clients}`)
          .replace("127.0.0.1:1883", `127.0.0.1:${port}`)
          .replace("/var/lib/nats", join(directory, String(index)))
          .replace("change me", "secret");
        const config = join(directory, `${index}.conf`);
        await writeFile(config, size > 1 ? `${lines}${cluster}\n` : lines);
        nodes.push(new Nats(port, config));
      }
      await Promise.all(nodes.map((node) => node.start()));
      // A server is ready before its cluster is: until then it ends connections.
      if (size > 1) await Promise.all(nodes.map((node) => node.#led()));
    } catch (error) {
      await end();
      throw error;
    }
    return { nodes, end };
  }

  /** Starts it on the same port, also after `kill`. */
  async start(): Promise<void> {
    const server = findProgram("nats-server");
    if (server === undefined) throw new Error("nats-server is not installed");
    this.#program = new Program(server, ["-c", this.#config]);
    const isUp = (line: string): true | undefined => line.includes("Server is ready") || undefined;
    await this.#program.line(isUp, "a running broker");
  }

  /** Resolves when it knows the leader of JetStream's metadata. */
  async #led(): Promise<void> {
    const leads = (line: string): true | undefined =>
      line.includes(" metadata leader") || undefined;
    await this.#program?.line(leads, "a leader");
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    program?.kill();
    await program?.exited;
  }
}
