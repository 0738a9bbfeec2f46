import process from "node:process";
import { runCommandLine } from "../command-line.ts";
import { startNodeHttpServer } from "../nodejs-http/server.ts";
import { startDenoServer } from "./server.ts";

await runCommandLine(process.argv.slice(2), {
  name: "deno",
  engines: ["native", "wasm"],
  startServer: (engine, options) =>
    engine === "native" ? startDenoServer(options) : startNodeHttpServer(options),
  watch: (sourceFile) => ["run", "-A", "--no-check", "--watch", sourceFile],
});
