import process from "node:process";
import { runCommandLine } from "../cli/mod.ts";
import { startFramedServer } from "../framed-server/mod.ts";
import { startBunServer } from "./server.ts";

/** The path of the files inside a single executable. No other process can run them. */
const inExecutable = import.meta.url.includes("$bunfs");

await runCommandLine(process.argv.slice(2), {
  name: "bun",
  engines: ["native", "wasm"],
  startServer: (engine, options) =>
    engine === "native" ? startBunServer(options) : startFramedServer(options),
  watch: (sourceFile) =>
    inExecutable
      ? undefined
      : { command: ["--watch", "--no-clear-screen", sourceFile], signal: "SIGTERM" },
});
