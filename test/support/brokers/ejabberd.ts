import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../process/free-port.ts";
import { Program } from "../process/spawn.ts";
import { type BrokerCluster, BrokerServer, startCluster } from "./broker-server.ts";

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
export class Ejabberd extends BrokerServer {
  readonly login = "edge%40mq.example:any";
  readonly #directory: string;

  private constructor(port: number, directory: string) {
    super(port);
    this.#directory = directory;
  }

  /**
   * Starts one server: a cluster of them is made by hand (`ejabberdctl join_cluster`). `rules` are
   * parts of its configuration that take the place of the example's.
   */
  static async cluster(rules?: string): Promise<BrokerCluster> {
    const make = async (directory: string): Promise<Ejabberd[]> => {
      const broker = new Ejabberd(await freePort(), directory);
      const example = await readFile("examples/brokers/ejabberd.yml", "utf8");
      const config = example
        .replace("port: 1883", `port: ${broker.port}`)
        .replace("[internal]", "[anonymous]\nanonymous_protocol: login_anon");
      const whole = rules === undefined ? config : withRules(config, rules);
      await writeFile(join(directory, "ejabberd.yml"), whole);
      return [broker];
    };
    return startCluster(make, ([broker]) => broker!.start());
  }

  async start(): Promise<void> {
    const directory = this.#directory;
    const quoted = (path: string): string => `"${join(directory, path)}"`;
    const options = ["-mnesia", "dir", quoted("data"), "-ejabberd", "log_path", quoted("log")];
    const env = {
      HOME: directory,
      ERL_LIBS: erlangLibraries(),
      EJABBERD_CONFIG_PATH: join(directory, "ejabberd.yml"),
    };
    const words = ["-noinput", ...options, "-s", "ejabberd"];
    await this.run(new Program("erl", words, { env }), "Start accepting TCP connections");
  }
}
