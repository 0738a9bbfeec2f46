import { assert } from "../../core/base/mod.ts";
import type { Counter, Histogram, Metrics } from "../../core/ports/mod.ts";
import { PrometheusHistogram } from "./prometheus-histogram.ts";
import { familyText, labelText, type MetricFamily, type MetricType } from "./text-format.ts";

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly type: MetricType;
  readonly help: string;
  /** Adds the family's series with their present values, by their suffixes and labels. */
  readonly series: Map<string, (values: [series: string, value: number][]) => void>;
  /** Counters and histograms by their labels. */
  readonly kept: Map<string, PrometheusCounter | PrometheusHistogram>;
}

/** A plain field, because the hot path adds to it. */
class PrometheusCounter implements Counter {
  value = 0;

  add(count: number): void {
    this.value += count;
  }
}

export const contentType: string = "text/plain; version=0.0.4; charset=utf-8";

// Names according to the data model of Prometheus.
const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Metrics in the text format of Prometheus, version 0.0.4. */
export class PrometheusMetrics implements Metrics {
  readonly contentType: string = contentType;
  readonly #families = new Map<string, Family>();

  counter(name: string, help: string, labels: Labels = {}): Counter {
    const family = this.#family(name, "counter", help);
    const key = labelText(labels);
    const existing = family.kept.get(key);
    if (existing instanceof PrometheusCounter) return existing;
    const counter = new PrometheusCounter();
    family.kept.set(key, counter);
    family.series.set(key, (values) => values.push([key, counter.value]));
    return counter;
  }

  /** A counter that somebody else counts: it is read at each scrape. */
  countedElsewhere(name: string, help: string, read: () => number): void {
    this.#family(name, "counter", help).series.set("", (values) => values.push(["", read()]));
  }

  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    labels: Labels = {},
  ): Histogram {
    const family = this.#family(name, "histogram", help);
    const key = labelText(labels);
    const existing = family.kept.get(key);
    if (existing instanceof PrometheusHistogram) return existing;
    const histogram = new PrometheusHistogram(bounds, labels);
    family.kept.set(key, histogram);
    family.series.set(key, (values) => histogram.addTo(values));
    return histogram;
  }

  gauge(name: string, help: string, read: () => number | undefined, labels: Labels = {}): void {
    const key = labelText(labels);
    this.#family(name, "gauge", help).series.set(key, (values) => {
      const value = read();
      if (value !== undefined) values.push([key, value]);
    });
  }

  /** The body of the answer to a scrape. */
  render(): string {
    return this.families().map(familyText).join("");
  }

  /** The sums of the counters and gauges over all labels, by name. */
  totals(): ReadonlyMap<string, number> {
    return new Map(
      this.families().map(({ name, series }) => {
        return [name, series.reduce((sum, [, value]) => sum + value, 0)];
      }),
    );
  }

  /** Every series with its present value. A family without any is left out. */
  families(): MetricFamily[] {
    const families = Array.from(this.#families, ([name, { type, help, series }]) => {
      const values: [series: string, value: number][] = [];
      for (const add of series.values()) add(values);
      return { name, type, help, series: values };
    });
    return families.filter(({ series }) => series.length > 0);
  }

  #family(name: string, type: MetricType, help: string): Family {
    assert(metricName.test(name), `metric name ${name}`);
    const existing = this.#families.get(name);
    if (existing !== undefined) {
      assert(existing.type === type, `metric ${name} is already a ${existing.type}`);
      return existing;
    }
    const family: Family = { type, help, series: new Map(), kept: new Map() };
    this.#families.set(name, family);
    return family;
  }
}
