import { startFramedServer } from "../../../runtimes/framed-server/mod.ts";
import { startFixture } from "./start.ts";

await startFixture({ wasm: startFramedServer });
