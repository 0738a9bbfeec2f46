#!/usr/bin/env node
import cluster from "node:cluster";
import process from "node:process";
import { runCommandLine, workerCommand } from "../cli/mod.ts";
import { startFramedServer } from "../framed-server/mod.ts";
import { holdPort } from "./hold-port.ts";

/** Of clients that connect at once, Node.js accepts one in each turn of its event loop. */
const turnsOfBurst = 16;

await runCommandLine(process.argv.slice(2), {
  name: "node",
  engines: ["wasm"],
  turnsOfBurst,
  // Node.js 22.12 and newer share a port themselves, on Linux. Before, and on other systems, a
  // worker gets its connections from the supervisor by `node:cluster`, which needs no option.
  startServer: (_engine, options) => {
    const reusePort = options.reusePort === true && process.platform === "linux";
    return startFramedServer({ ...options, reusePort });
  },
  // This runs what was built, so a change of the source changes nothing.
  watch: () => undefined,
  workers: {
    refusal: undefined,
    holdPort,
    start: () => {
      cluster.setupPrimary({
        args: [workerCommand],
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
      const worker = cluster.fork();
      // Errors of the process are emitted here as well, and nobody else listens.
      worker.on("error", () => {});
      return worker.process;
    },
  },
});
