export { MetricSums, type SummedPart } from "./metric-sums.ts";
export { type MetricFamily, PrometheusMetrics } from "./prometheus.ts";
