export { registerGauges } from "./gateway-gauges.ts";
export { GatewayMetrics } from "./gateway-metrics.ts";
