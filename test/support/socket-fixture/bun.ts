import { startBunServer } from "../../../runtimes/bun/server.ts";
import { startTcpServer } from "../../../runtimes/bun/tcp-listener.ts";
import { startFixture } from "./start.ts";

await startFixture({ native: startBunServer, wasm: startTcpServer });
