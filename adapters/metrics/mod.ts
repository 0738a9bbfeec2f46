export { PrometheusMetrics } from "./prometheus.ts";
