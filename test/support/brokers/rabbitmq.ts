import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { freePort } from "../process/free-port.ts";
import { Program } from "../process/spawn.ts";
import { type BrokerCluster, BrokerServer, startCluster } from "./broker-server.ts";

/** Debian's start script, without the wrapper that changes the user. */
const script = "/usr/lib/rabbitmq/bin/rabbitmq-server";
let started = 0;

/** What the nodes of a cluster have in common. */
interface ClusterPlace {
  readonly directory: string;
  readonly epmdPort: number;
  /** Names of the Erlang nodes; the first one is found by the others. */
  readonly names: readonly string[];
}

/** One node of RabbitMQ with its MQTT plugin, as the example configures it. */
export class RabbitMq extends BrokerServer {
  /** RabbitMQ's own user, who comes in from this machine alone. */
  readonly login = "guest:guest";
  readonly #name: string;
  readonly #place: ClusterPlace;

  private constructor(port: number, name: string, place: ClusterPlace) {
    super(port);
    this.#name = name;
    this.#place = place;
  }

  /** Starts a cluster of so many nodes on this machine, and waits until each serves clients. */
  static async cluster(size: number): Promise<BrokerCluster> {
    started += 1;
    const names = Array.from({ length: size }, (_, index) => {
      return `wss-${process.pid}-${started}-${index}@localhost`;
    });
    const epmdPort = await freePort();
    // Erlang's own daemon, which knows the port of each node. It would outlive them.
    const daemon = new Program("epmd", ["-address", "127.0.0.1", "-port", String(epmdPort)]);
    const make = async (directory: string): Promise<RabbitMq[]> => {
      await writeFile(join(directory, "plugins"), "[rabbitmq_mqtt].\n");
      // The nodes' common secret. The first one would write it, and set its mode a moment later:
      // another one that reads it in between does not start.
      await writeFile(join(directory, ".erlang.cookie"), randomUUID(), { mode: 0o400 });
      const ports = await Promise.all(names.map(() => freePort()));
      const place = { directory, epmdPort, names };
      return names.map((name, index) => new RabbitMq(ports[index]!, name, place));
    };
    // Together: each waits for the others of its cluster.
    const start = (nodes: readonly RabbitMq[]): Promise<unknown> =>
      Promise.all(nodes.map((node) => node.start()));
    const cluster = await startCluster(make, start).catch((error) => {
      daemon.kill();
      throw error;
    });
    const end = async (): Promise<void> => {
      await cluster.end();
      await daemon[Symbol.asyncDispose]();
    };
    return { nodes: cluster.nodes, end };
  }

  /** For programs that control it: `rabbitmqctl` finds it. */
  get controlEnv(): Record<string, string> {
    const { directory, epmdPort } = this.#place;
    return {
      HOME: directory,
      RABBITMQ_NODENAME: this.#name,
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: String(epmdPort),
      // Not Debian's wrapper, which changes the user.
      PATH: `${dirname(script)}:${process.env.PATH}`,
    };
  }

  async start(): Promise<void> {
    const { directory, epmdPort, names } = this.#place;
    const config = join(directory, `${this.#name}.conf`);
    const example = await readFile("examples/brokers/rabbitmq.conf", "utf8");
    const lines = [
      example.replace("127.0.0.1:1883", `127.0.0.1:${this.port}`),
      "log.console = true",
      "log.console.level = info",
      "log.file = false",
      "cluster_formation.peer_discovery_backend = classic_config",
      ...names.map((name, index) => `cluster_formation.classic_config.nodes.${index} = ${name}`),
    ];
    await writeFile(config, `${lines.join("\n")}\n`);
    const program = new Program(script, [], {
      env: {
        // The cookie is there.
        HOME: directory,
        RABBITMQ_NODENAME: this.#name,
        RABBITMQ_MNESIA_BASE: join(directory, "data"),
        RABBITMQ_LOG_BASE: join(directory, "log"),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, "plugins"),
        RABBITMQ_CONFIG_FILE: config,
        RABBITMQ_PID_FILE: this.#pidFile,
        RABBITMQ_DIST_PORT: String(await freePort()),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
        ERL_EPMD_ADDRESS: "127.0.0.1",
        ERL_EPMD_PORT: String(epmdPort),
      },
    });
    await this.run(program, "Time to start RabbitMQ");
  }

  /** Erlang, and with it the script that started it. */
  protected override async end(program: Program): Promise<void> {
    const pid = Number(await readFile(this.#pidFile, "utf8").catch(() => ""));
    if (pid > 0) process.kill(pid, "SIGKILL");
    else program.kill();
  }

  get #pidFile(): string {
    return join(this.#place.directory, `${this.#name}.pid`);
  }
}
