import { startBunServer } from "../../../runtimes/bun/server.ts";
import { startTcpServer } from "../../../runtimes/bun/tcp-port.ts";
import { startFixture } from "./start.ts";

await startFixture({ native: startBunServer, wasm: startTcpServer });
