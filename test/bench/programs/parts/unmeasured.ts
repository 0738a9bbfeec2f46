import { PerformanceObserver } from "node:perf_hooks";
import process from "node:process";
import { PrometheusHistogram } from "../../../../adapters/metrics/prometheus-histogram.ts";
import { EventLoopLag } from "../../../../adapters/system/mod.ts";

/** Takes the histograms, the event loop's lag and the look at garbage collections out. */
export function measureNothing(): void {
  PrometheusHistogram.prototype.observe = () => {};
  EventLoopLag.prototype.start = () => {};
  if (process.versions.bun === undefined) PerformanceObserver.prototype.observe = () => {};
}
