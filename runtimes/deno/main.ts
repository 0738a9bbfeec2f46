import { spawn } from "node:child_process";
import process from "node:process";
import { reusePortRefusal, runCommandLine, workerCommand } from "../cli/mod.ts";
import { startFramedServer } from "../framed-server/mod.ts";
import { startDenoServer } from "./server.ts";

await runCommandLine(process.argv.slice(2), {
  name: "deno",
  // Deno's own server has fewer limits and reports less: docs/runtimes.md.
  engines: ["wasm", "native"],
  startServer: (engine, options) =>
    engine === "native" ? startDenoServer(options) : startFramedServer(options),
  // After SIGTERM Deno's watcher waits for the next change of the source.
  watch: (sourceFile) => ({
    command: ["run", "-A", "--no-check", "--watch", sourceFile],
    signal: "SIGINT",
  }),
  workers: {
    refusal: reusePortRefusal(process.platform),
    start: () => {
      // Deno's own server shares a port with this flag alone.
      const flags = ["run", "--quiet", "--no-check", "--allow-all", "--unstable-net"];
      return spawn(process.execPath, [...flags, process.argv[1] ?? "", workerCommand], {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
    },
  },
});
