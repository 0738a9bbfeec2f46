import { assert } from "../../core/base/mod.ts";
import type { Counter, Metrics } from "../../core/ports/mod.ts";

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly type: "counter" | "gauge";
  readonly help: string;
  /** By the labels as they are written. */
  readonly series: Map<string, () => number>;
  readonly counters: Map<string, PrometheusCounter>;
}

/**
 * A family as a process can send it to another one: its series by their labels, as they are
 * written.
 */
export interface MetricFamily {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly series: readonly (readonly [labels: string, value: number])[];
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
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Metrics in the text format of Prometheus, version 0.0.4. */
export class PrometheusMetrics implements Metrics {
  readonly contentType: string = contentType;
  readonly #families = new Map<string, Family>();

  counter(name: string, help: string, labels: Labels = {}): Counter {
    const family = this.#family(name, "counter", help);
    const key = labelText(labels);
    const existing = family.counters.get(key);
    if (existing !== undefined) return existing;
    const counter = new PrometheusCounter();
    family.counters.set(key, counter);
    family.series.set(key, () => counter.value);
    return counter;
  }

  gauge(name: string, help: string, read: () => number, labels: Labels = {}): void {
    this.#family(name, "gauge", help).series.set(labelText(labels), read);
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

  /** Every series with its present value. */
  families(): MetricFamily[] {
    return Array.from(this.#families, ([name, { type, help, series }]) => {
      const values = Array.from(series, ([labels, read]): [string, number] => [labels, read()]);
      return { name, type, help, series: values };
    });
  }

  #family(name: string, type: Family["type"], help: string): Family {
    assert(metricName.test(name), `metric name ${name}`);
    const existing = this.#families.get(name);
    if (existing !== undefined) {
      assert(existing.type === type, `metric ${name} is already a ${existing.type}`);
      return existing;
    }
    const family: Family = { type, help, series: new Map(), counters: new Map() };
    this.#families.set(name, family);
    return family;
  }
}

/** A family in the text format. */
export function familyText({ name, type, help, series }: MetricFamily): string {
  const head = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  const lines = series.map(([labels, value]) => `${name}${labels} ${numberText(value)}\n`);
  return head + lines.join("");
}

/** `{a="1",b="2"}`. Sorted, so that equal labels name the same series. */
export function labelText(labels: Labels): string {
  const names = Object.keys(labels).sort();
  if (names.length === 0) return "";
  const pairs = names.map((name) => {
    assert(labelName.test(name), `label name ${name}`);
    return `${name}="${escapeLabel(labels[name] ?? "")}"`;
  });
  return `{${pairs.join(",")}}`;
}

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
