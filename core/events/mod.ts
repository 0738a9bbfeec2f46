export type { ItemRange } from "../streams/mod.ts";
export { AlikeTexts } from "./alike-texts.ts";
export { BatchSplitter, limitBatches } from "./batch-splitter.ts";
export { publishEmptyAlive } from "./event-publisher.ts";
export { type EventDependencies, EventStream } from "./event-stream.ts";
export { Heartbeat } from "./heartbeat.ts";
export {
  assignedEvent,
  infoOf,
  type KnownConnection,
  keptInfo,
  knownOf,
  openEvent,
} from "./introduction.ts";
