export { type Acknowledgement, Acknowledgements } from "./acknowledgements.ts";
export { type BatchRecord, HandledItems, type HandledRange } from "./handled-items.ts";
export type { ItemRange, NumberedBatch } from "./numbered-batch.ts";
export { PresenceMonitor } from "./presence-monitor.ts";
export { type Acceptance, ReliableReceiver } from "./reliable-receiver.ts";
export { type PublishAnswer, ReliableSender, type SenderFlow } from "./reliable-sender.ts";
export { StreamMemory } from "./stream-memory.ts";
