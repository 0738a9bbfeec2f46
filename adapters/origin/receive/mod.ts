export type { BatchSink } from "./batch-reader.ts";
export { EventReceiver } from "./event-receiver.ts";
