export type { BatchOptions } from "./batch-options.ts";
export { BatchOrigin, type BatchPorts, type PostRequests, type Sign } from "./batch-origin.ts";
export type { FaultCounter } from "./fault-log.ts";
