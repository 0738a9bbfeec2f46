import process from "node:process";
import { runCommandLine } from "../cli/mod.ts";
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
});
