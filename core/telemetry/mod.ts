export { GatewayMetrics } from "./gateway-metrics.ts";
