/** The gateway on Node as it is, and a signal that makes it collect its garbage. */
import { collectOnSignal } from "./parts/collect.ts";

collectOnSignal(() => (globalThis as { gc?: () => void }).gc?.());
await import("../../../runtimes/node/main.ts");
