/** The gateway on Bun as it is, and a signal that makes it collect its garbage. */
import { collectOnSignal } from "./parts/collect.ts";

collectOnSignal(() => Bun.gc(true));
await import("../../../runtimes/bun/main.ts");
