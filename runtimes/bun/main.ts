import { spawn } from "node:child_process";
import process from "node:process";
import { reusePortRefusal, runCommandLine, workerCommand } from "../cli/mod.ts";
import { startBunServer } from "./server.ts";
import { startTcpServer } from "./tcp-port.ts";

/** The path of the files inside a single executable. No other process can run them. */
const inExecutable = import.meta.url.includes("$bunfs");
const program = inExecutable ? [] : [...process.execArgv, process.argv[1] ?? ""];

await runCommandLine(process.argv.slice(2), {
  name: "bun",
  engines: ["native", "wasm"],
  startServer: (engine, options) =>
    engine === "native" ? startBunServer(options) : startTcpServer(options),
  watch: (sourceFile) =>
    inExecutable
      ? undefined
      : { command: ["--watch", "--no-clear-screen", sourceFile], signal: "SIGTERM" },
  workers: {
    refusal: reusePortRefusal(process.platform),
    start: () =>
      spawn(process.execPath, [...program, workerCommand], {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      }),
  },
});
