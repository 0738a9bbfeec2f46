export {
  type Acknowledgement,
  Acknowledgements,
  type SendAcknowledgements,
} from "./acknowledgements.ts";
export { type BatchRecord, HandledItems } from "./handled-items.ts";
export type { ItemRange, NumberedBatch } from "./numbered-batch.ts";
export { PresenceMonitor } from "./presence-monitor.ts";
export { type Acceptance, ReliableReceiver } from "./reliable-receiver.ts";
export { type PublishAnswer, ReliableSender, type SenderFlow } from "./reliable-sender.ts";
export { StreamMemory, type StreamMemoryLimits } from "./stream-memory.ts";
