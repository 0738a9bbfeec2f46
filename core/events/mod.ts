export type { ItemRange } from "../streams/mod.ts";
export { limitBatches } from "./batch-splitter.ts";
export { publishEmptyAlive } from "./event-publisher.ts";
export { type EventDependencies, EventStream } from "./event-stream.ts";
export { Heartbeat, type HeartbeatOptions } from "./heartbeat.ts";
export {
  assignedEvent,
  type KnownConnection,
  keptInfo,
  knownOf,
} from "./introduction.ts";
