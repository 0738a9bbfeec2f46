import { readdirSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../process/free-port.ts";
import { Program } from "../process/spawn.ts";
import type { BrokerCluster, BrokerServer } from "./broker-server.ts";

/** Where Debian keeps ejabberd for Erlang: a folder for each architecture. */
function erlangLibraries(): string {
  const found = readdirSync("/usr/lib", { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join("/usr/lib", name))
    .find((folder) => readdirSync(folder).some((name) => name.startsWith("ejabberd-")));
  if (found === undefined) throw new Error("ejabberd is not installed");
  return found;
}

/** The example with other access rules: what stands below `acl` and below `mod_mqtt`. */
function withRules(config: string, rules: string): string {
  const [acl = "", access = ""] = rules.split("modules:\n  mod_mqtt:\n");
  const rest = config.replace(/^acl:\n(?: .*\n)*/m, "").replace(/^ {4}access_.*\n/gm, "");
  return `${rest.replace("  mod_mqtt:\n", () => `  mod_mqtt:\n${access}\n`)}${acl}`;
}

/** ejabberd with `mod_mqtt`, as the example configures it, but for users without a password. */
export class Ejabberd implements BrokerServer {
  readonly login = "edge%40mq.example:any";
  readonly port: number;
  readonly #directory: string;
  #program: Program | undefined;

  private constructor(port: number, directory: string) {
    this.port = port;
    this.#directory = directory;
  }

  /**
   * Starts one server: a cluster of them is made by hand (`ejabberdctl join_cluster`). `rules` are
   * parts of its configuration that take the place of the example's.
   */
  static async cluster(rules?: string): Promise<BrokerCluster> {
    const directory = await mkdtemp(join(tmpdir(), "wss-ejabberd-"));
    const broker = new Ejabberd(await freePort(), directory);
    const example = await readFile("examples/brokers/ejabberd.yml", "utf8");
    const config = example
      .replace("port: 1883", `port: ${broker.port}`)
      .replace("[internal]", "[anonymous]\nanonymous_protocol: login_anon");
    const whole = rules === undefined ? config : withRules(config, rules);
    await writeFile(join(directory, "ejabberd.yml"), whole);
    const end = async (): Promise<void> => {
      await broker.kill();
      await rm(directory, { recursive: true, force: true });
    };
    try {
      await broker.start();
    } catch (error) {
      await end();
      throw error;
    }
    return { nodes: [broker], end };
  }

  /** Starts it on the same port, also after `kill`. */
  async start(): Promise<void> {
    const directory = this.#directory;
    const quoted = (path: string): string => `"${join(directory, path)}"`;
    const options = ["-mnesia", "dir", quoted("data"), "-ejabberd", "log_path", quoted("log")];
    const env = {
      HOME: directory,
      ERL_LIBS: erlangLibraries(),
      EJABBERD_CONFIG_PATH: join(directory, "ejabberd.yml"),
    };
    this.#program = new Program("erl", ["-noinput", ...options, "-s", "ejabberd"], { env });
    const isUp = (line: string): true | undefined =>
      line.includes("Start accepting TCP connections") || undefined;
    await this.#program.line(isUp, "a running broker");
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    program?.kill();
    await program?.exited;
  }
}
