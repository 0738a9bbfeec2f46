import { startBunServer } from "../../../runtimes/bun/server.ts";
import { startFramedServer } from "../../../runtimes/framed-server/mod.ts";
import { startFixture } from "./start.ts";

await startFixture({ native: startBunServer, wasm: startFramedServer });
