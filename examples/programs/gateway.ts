import process from "node:process";
import { fileURLToPath } from "node:url";
import type { ProgramOptions } from "./programs.ts";

/** A line of a gateway's log. */
interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly message: string;
  readonly port: number;
}

/** A gateway on free ports. When it is ready it prints the URL for clients, later only faults. */
export function gateway(...flags: string[]): ProgramOptions {
  const file = new URL("../../runtimes/bun/main.ts", import.meta.url);
  const ports = ["--port", "0", "--admin-port", "0"];
  const rest = ["--drain-period", "0ms", "--log-format", "json"];
  return {
    ...bunScript(file, "serve", ...ports, ...rest, ...flags),
    ready: (line) => {
      const { event, port } = logLine(line);
      return event === "started" ? `ws://127.0.0.1:${port}` : undefined;
    },
    shown: (line) => (logLine(line).level === "info" ? undefined : shownLine(line)),
  };
}

/** A program in TypeScript that prints `ready`. It runs as this one does. */
export function bunScript(file: URL, ...args: string[]): ProgramOptions {
  return {
    command: process.execPath,
    args: [fileURLToPath(file), ...args],
    ready: (line) => (line === "ready" ? line : undefined),
    shown: shownLine,
  };
}

/** A line of a log without what only machines read; any other line as it is. */
function shownLine(line: string): string {
  if (!line.startsWith("{")) return line;
  const { event, message } = logLine(line);
  return `${event}: ${message}`;
}

function logLine(line: string): LogLine {
  if (line.startsWith("{")) return JSON.parse(line);
  return { level: "error", event: "not-json", message: line, port: 0 };
}
