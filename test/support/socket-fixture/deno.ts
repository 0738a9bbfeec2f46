import { startDenoServer } from "../../../runtimes/deno/server.ts";
import { startFramedServer } from "../../../runtimes/framed-server/mod.ts";
import { startFixture } from "./start.ts";

await startFixture({ native: startDenoServer, wasm: startFramedServer });
