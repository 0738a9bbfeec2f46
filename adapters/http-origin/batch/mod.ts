/** An origin of its own kind: whole batches of events by HTTP, and commands in the answers. */
export type { BatchOptions } from "./batch-options.ts";
export { BatchOrigin } from "./batch-origin.ts";
