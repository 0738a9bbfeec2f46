export { AckMonitor, type StreamOrigin } from "./ack-monitor.ts";
export { fitBare, limitBatches } from "./batch-splitter.ts";
export type { ItemRange } from "./batch-window.ts";
export type { EventStream } from "./event-stream.ts";
export type { EventStreamParts } from "./event-stream-options.ts";
export { Heartbeat, type HeartbeatOptions } from "./heartbeat.ts";
export {
  assignedEvent,
  type KnownConnection,
  keptInfo,
  knownOf,
} from "./introduction.ts";
export { newStream, type StreamShape } from "./new-stream.ts";
