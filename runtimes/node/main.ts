#!/usr/bin/env node
import cluster from "node:cluster";
import process from "node:process";
import { runCommandLine, workerCommand } from "../cli/mod.ts";
import { startFramedServer } from "../framed-server/mod.ts";

await runCommandLine(process.argv.slice(2), {
  name: "node",
  engines: ["wasm"],
  // A worker gets its connections from the supervisor by `node:cluster`, which needs no option, is
  // on every system, and in Node.js 20, too.
  startServer: (_engine, options) => startFramedServer({ ...options, reusePort: false }),
  // This runs what was built, so a change of the source changes nothing.
  watch: () => undefined,
  workers: {
    refusal: undefined,
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
