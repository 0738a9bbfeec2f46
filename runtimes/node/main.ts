#!/usr/bin/env node
import process from "node:process";
import { runCommandLine } from "../cli/mod.ts";
import { startFramedServer } from "../framed-server/mod.ts";

await runCommandLine(process.argv.slice(2), {
  name: "node",
  engines: ["wasm"],
  startServer: (_engine, options) => startFramedServer(options),
  // This runs what was built, so a change of the source changes nothing.
  watch: () => undefined,
});
