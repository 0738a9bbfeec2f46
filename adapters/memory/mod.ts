export { MemoryByteSocket } from "./byte-socket.ts";
export { ManualClock } from "./clock.ts";
export { MemoryClusterBus } from "./cluster-bus.ts";
export { type HubEvents, MemoryBroker } from "./cluster-bus-hub.ts";
export { type LogRecord, MemoryLogger } from "./logger.ts";
export { MemoryMetrics } from "./metrics.ts";
export { MemoryOriginChannel } from "./origin-channel.ts";
export { SeededRandom } from "./random.ts";
export { type MemoryDelivery, MemorySocket } from "./socket.ts";
