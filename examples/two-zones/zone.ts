import { bunScript, gateway } from "../programs/gateway.ts";
import type { ProgramOptions, Programs } from "../programs/programs.ts";

export interface ZoneOptions {
  readonly name: string;
  /** The configuration file of its broker, and the port in it. */
  readonly brokerConfig: string;
  readonly brokerPort: number;
  readonly queuePort: number;
}

/**
 * Starts one zone: a broker, two nodes, a queue and a worker. Each needs those before it. Resolves
 * to the URL of its first node.
 */
export async function startZone(programs: Programs, options: ZoneOptions): Promise<string> {
  const { name, brokerConfig, brokerPort, queuePort } = options;
  const broker = `mqtt://127.0.0.1:${brokerPort}`;
  await programs.start(`broker-${name}`, {
    command: "mosquitto",
    args: ["-c", brokerConfig],
    ready: (line) => (line.endsWith(" running") ? `port ${brokerPort}` : undefined),
    shown: (line) => (/: (Error|Warning)/.test(line) ? line : undefined),
  });
  const url = await programs.start(`${name}-1`, node(`${name}-1`, broker));
  await programs.start(`${name}-2`, node(`${name}-2`, broker));
  await programs.start(`queue-${name}`, script("queue.ts", name, broker, `${queuePort}`));
  const queue = `http://127.0.0.1:${queuePort}`;
  await programs.start(`worker-${name}`, script("worker.ts", name, broker, queue));
  return url;
}

function node(name: string, broker: string): ProgramOptions {
  const flags = ["--node-name", name, "--broker", broker, "--origin-mode", "assigned"];
  return gateway(...flags, "--presence-interval", "2s");
}

function script(name: string, ...args: string[]): ProgramOptions {
  return bunScript(new URL(name, import.meta.url), ...args);
}
