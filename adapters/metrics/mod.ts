export { MetricSums, type SummedPart } from "./metric-sums.ts";
export { PrometheusMetrics } from "./prometheus.ts";
export type { MetricFamily } from "./text-format.ts";
