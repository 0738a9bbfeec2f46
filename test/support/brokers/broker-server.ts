import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Program } from "../process/spawn.ts";

/** One server of a broker, on a port of 127.0.0.1. */
export abstract class BrokerServer {
  readonly port: number;
  /** User and password for a URL. */
  abstract readonly login: string;
  #program: Program | undefined;

  constructor(port: number) {
    this.port = port;
  }

  /** Starts it on the same port, also after `kill`. */
  abstract start(): Promise<void>;

  /** Waits for the line by which the program says that it runs. */
  protected async run(program: Program, up: string): Promise<void> {
    this.#program = program;
    await program.line((line) => line.includes(up) || undefined, "a running broker");
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    if (program === undefined || program.exit !== undefined) return;
    await this.end(program);
    await program.exited;
  }

  protected async end(program: Program): Promise<void> {
    program.kill();
  }
}

/** Servers that know each other; one alone is a cluster too. */
export interface BrokerCluster<Server extends BrokerServer = BrokerServer> {
  readonly nodes: readonly Server[];
  end(): Promise<void>;
}

/** Starts servers that have a folder in common, and ends them where one does not start. */
export async function startCluster<Server extends BrokerServer>(
  make: (folder: string) => Promise<readonly Server[]>,
  start: (nodes: readonly Server[]) => Promise<unknown>,
): Promise<BrokerCluster<Server>> {
  const folder = await mkdtemp(join(tmpdir(), "wss-brokers-"));
  let nodes: readonly Server[] = [];
  const end = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    nodes = await make(folder);
    await start(nodes);
  } catch (error) {
    await end();
    throw error;
  }
  return { nodes, end };
}

/** A server's URL, with credentials. */
export const urlOf = ({ port, login }: BrokerServer): string =>
  `mqtt://${login}@127.0.0.1:${port}`;
