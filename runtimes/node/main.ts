#!/usr/bin/env node
import process from "node:process";
import { runCommandLine } from "../command-line.ts";
import { startNodeHttpServer } from "../nodejs-http/server.ts";

await runCommandLine(process.argv.slice(2), {
  name: "node",
  engines: ["wasm"],
  startServer: (_engine, options) => startNodeHttpServer(options),
  // What runs here was built from the source: a change of the source changes nothing.
  watch: () => undefined,
});
