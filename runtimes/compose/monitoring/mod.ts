export { CodecHealth, stallOf } from "./health.ts";
export { registerNodeMetrics, registerStreams } from "./node-metrics.ts";
export { registerProcessMetrics } from "./process-metrics.ts";
