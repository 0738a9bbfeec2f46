export { ManualClock } from "./clock.ts";
export { type LogRecord, MemoryLogger } from "./logger.ts";
export { MemoryMetrics } from "./metrics.ts";
export { SeededRandom } from "./random.ts";
