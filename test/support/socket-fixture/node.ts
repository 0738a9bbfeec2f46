import { startFramedServer } from "../../../runtimes/nodejs-http/mod.ts";
import { startFixture } from "./start.ts";

await startFixture({ wasm: startFramedServer });
