import { PrometheusMetrics } from "../../../../adapters/metrics/mod.ts";
import { PrometheusHistogram } from "../../../../adapters/metrics/prometheus-histogram.ts";
import type { Counter } from "../../../../core/ports/mod.ts";

/** Counts what the metrics of this process do, and shows it beside them. */
export function countMeasures(): void {
  let observations = 0;
  let additions = 0;
  const { observe } = PrometheusHistogram.prototype;
  PrometheusHistogram.prototype.observe = function (value) {
    observations += 1;
    observe.call(this, value);
  };
  const counting = new WeakSet<Counter>();
  const shown = new WeakSet<PrometheusMetrics>();
  const { counter } = PrometheusMetrics.prototype;
  PrometheusMetrics.prototype.counter = function (name, help, labels) {
    if (!shown.has(this)) {
      shown.add(this);
      this.countedElsewhere("bench_observations_total", "Of histograms", () => observations);
      this.countedElsewhere("bench_additions_total", "To counters", () => additions);
    }
    const made = counter.call(this, name, help, labels);
    if (counting.has(made)) return made;
    counting.add(made);
    const add = made.add.bind(made);
    made.add = (count) => {
      additions += 1;
      add(count);
    };
    return made;
  };
}
