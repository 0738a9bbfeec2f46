import process from "node:process";
import { fileURLToPath } from "node:url";
import type { ProgramOptions, Programs } from "./programs.ts";

export interface ZoneOptions {
  readonly name: string;
  /** The configuration file of its broker, and the port in it. */
  readonly brokerConfig: string;
  readonly brokerPort: number;
  readonly queuePort: number;
}

/** A line of a node's log. */
interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly message: string;
  readonly port: number;
}

/** Starts one zone: a broker, two nodes, a queue and a worker. Each needs those before it. */
export async function startZone(programs: Programs, options: ZoneOptions): Promise<void> {
  const { name, brokerConfig, brokerPort, queuePort } = options;
  const broker = `mqtt://127.0.0.1:${brokerPort}`;
  await programs.start(`broker-${name}`, {
    command: "mosquitto",
    args: ["-c", brokerConfig],
    ready: (line) => (line.endsWith(" running") ? `port ${brokerPort}` : undefined),
    shown: (line) => (/: (Error|Warning)/.test(line) ? line : undefined),
  });
  for (const node of [`${name}-1`, `${name}-2`]) await programs.start(node, gateway(node, broker));
  await programs.start(`queue-${name}`, script("queue.ts", name, broker, `${queuePort}`));
  const queue = `http://127.0.0.1:${queuePort}`;
  await programs.start(`worker-${name}`, script("worker.ts", name, broker, queue));
}

function gateway(node: string, broker: string): ProgramOptions {
  const flags = ["--node-name", node, "--broker", broker, "--origin-mode", "assigned"];
  const ports = ["--port", "0", "--admin-port", "0"];
  const times = ["--presence-interval", "2s", "--drain-period", "0ms"];
  const program = script("../../runtimes/bun/main.ts", "serve", ...flags, ...ports, ...times);
  return {
    ...program,
    args: [...program.args, "--log-format", "json"],
    ready: (line) => {
      const { event, port } = logLine(line);
      return event === "started" ? `ws://127.0.0.1:${port}` : undefined;
    },
    shown: (line) => {
      const { level, event, message } = logLine(line);
      return level === "info" ? undefined : `${event}: ${message}`;
    },
  };
}

function logLine(line: string): LogLine {
  if (line.startsWith("{")) return JSON.parse(line);
  return { level: "error", event: "not-json", message: line, port: 0 };
}

/** A program of TypeScript. It runs as this one does. */
function script(name: string, ...args: string[]): ProgramOptions {
  const file = fileURLToPath(new URL(name, import.meta.url));
  return {
    command: process.execPath,
    args: [file, ...args],
    ready: (line) => (line === "ready" ? line : undefined),
  };
}
