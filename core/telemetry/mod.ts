export { type AppCounters, GatewayMetrics } from "./gateway-metrics.ts";
export { readTraceExport, type TraceExport } from "./trace-environment.ts";
export {
  type ConnectionTrace,
  droppedSpans,
  openedTrace,
  refusedTrace,
  Traces,
  traceparentOf,
} from "./traces.ts";
export type { TrafficTap } from "./traffic-tap.ts";
