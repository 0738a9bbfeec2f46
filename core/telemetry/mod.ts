export { GatewayMetrics } from "./gateway-metrics.ts";
export type { TrafficTap } from "./traffic-tap.ts";
