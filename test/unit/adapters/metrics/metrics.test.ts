import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricSums, PrometheusMetrics } from "../../../../adapters/metrics/mod.ts";
import { metricsConformance } from "../../../conformance/metrics.ts";
import { MemoryMetrics } from "../../../support/memory/mod.ts";

metricsConformance("MemoryMetrics", () => {
  const metrics = new MemoryMetrics();
  return { metrics, read: (name, labels) => metrics.value(name, labels) };
});

metricsConformance("PrometheusMetrics", () => {
  const metrics = new PrometheusMetrics();
  return {
    metrics,
    read: (name, labels = {}) => {
      const pairs = Object.keys(labels).sort();
      const text = pairs.map((label) => `${label}="${labels[label]}"`).join(",");
      const series = pairs.length === 0 ? name : `${name}{${text}}`;
      const line = metrics
        .render()
        .split("\n")
        .find((candidate) => candidate.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
  };
});

test("PrometheusMetrics: renders text format 0.0.4, each family's lines together", () => {
  const metrics = new PrometheusMetrics();
  metrics.counter("wss_a_total", "Counts a", { cause: "x" }).add(1);
  metrics.gauge("wss_b", "Reads b", () => 0.5);
  metrics.counter("wss_a_total", "Counts a", { cause: "y" }).add(2);
  assert.equal(
    metrics.render(),
    [
      "# HELP wss_a_total Counts a",
      "# TYPE wss_a_total counter",
      'wss_a_total{cause="x"} 1',
      'wss_a_total{cause="y"} 2',
      "# HELP wss_b Reads b",
      "# TYPE wss_b gauge",
      "wss_b 0.5",
      "",
    ].join("\n"),
  );
  assert.equal(metrics.contentType, "text/plain; version=0.0.4; charset=utf-8");
});

test("PrometheusMetrics: a histogram counts up to each bound, which is in its bucket", () => {
  const metrics = new PrometheusMetrics();
  const histogram = metrics.histogram("wss_h_seconds", "Times", [0.1, 1], { app: "a" });
  const text = (): string[] => metrics.render().trim().split("\n").slice(2);
  assert.deepEqual(text(), [
    'wss_h_seconds_bucket{app="a",le="0.1"} 0',
    'wss_h_seconds_bucket{app="a",le="1"} 0',
    'wss_h_seconds_bucket{app="a",le="+Inf"} 0',
    'wss_h_seconds_sum{app="a"} 0',
    'wss_h_seconds_count{app="a"} 0',
  ]);
  for (const value of [0.05, 0.1, 1, 1.5, 30]) histogram.observe(value);
  assert.deepEqual(text(), [
    'wss_h_seconds_bucket{app="a",le="0.1"} 2',
    'wss_h_seconds_bucket{app="a",le="1"} 3',
    'wss_h_seconds_bucket{app="a",le="+Inf"} 5',
    'wss_h_seconds_sum{app="a"} 32.65',
    'wss_h_seconds_count{app="a"} 5',
  ]);
  assert.ok(metrics.render().includes("# TYPE wss_h_seconds histogram\n"));
});

test("PrometheusMetrics: bounds that do not grow are a programmer's error", () => {
  const metrics = new PrometheusMetrics();
  assert.throws(() => metrics.histogram("wss_i", "", [1, 1]), /assertion failed/);
});

test("PrometheusMetrics: a counter that is counted elsewhere is read at each scrape", () => {
  const metrics = new PrometheusMetrics();
  let spent = 1;
  metrics.countedElsewhere("process_cpu_seconds_total", "CPU", () => spent);
  spent = 2.5;
  assert.ok(metrics.render().endsWith("_total counter\nprocess_cpu_seconds_total 2.5\n"));
});

test("PrometheusMetrics: escapes help and label values, and odd numbers", () => {
  const metrics = new PrometheusMetrics();
  metrics.counter("wss_c_total", 'a\\b\nc "d"', { text: 'q"\\\n' });
  metrics.gauge("wss_d", "", () => Number.POSITIVE_INFINITY);
  metrics.gauge("wss_e", "", () => Number.NaN);
  const lines = metrics.render().split("\n");
  assert.equal(lines[0], '# HELP wss_c_total a\\\\b\\nc "d"');
  assert.equal(lines[2], 'wss_c_total{text="q\\"\\\\\\n"} 0');
  assert.ok(lines.includes("wss_d +Inf"));
  assert.ok(lines.includes("wss_e NaN"));
});

test("PrometheusMetrics: a bad name, or one name of two types, is a programmer's error", () => {
  const metrics = new PrometheusMetrics();
  assert.throws(() => metrics.counter("wss-x", ""), /assertion failed/);
  assert.throws(() => metrics.counter("wss_x", "", { "a-b": "1" }), /assertion failed/);
  metrics.counter("wss_y", "");
  assert.throws(() => metrics.gauge("wss_y", "", () => 0), /assertion failed/);
});

/** One process: a counter by cause, and a gauge. */
class Process {
  readonly metrics: PrometheusMetrics = new PrometheusMetrics();
  connections = 0;

  constructor() {
    this.metrics.gauge("wss_connections", "Connections now", () => this.connections);
    this.closed("idle", 0);
  }

  closed(cause: string, count: number): void {
    this.metrics.counter("wss_closed_total", "Ended", { cause }).add(count);
  }
}

test("each series stands once as a sum, and once for each part", () => {
  const sums = new MetricSums();
  assert.equal(sums.contentType, new PrometheusMetrics().contentType);
  const parts = ["0", "1"].map((worker) => sums.part({ worker, node: `n-${worker}` }));
  const [one, two] = [new Process(), new Process()];
  one.connections = 2;
  two.connections = 3;
  one.closed("idle", 5);
  two.closed("error", 7);
  parts[0]?.report(one.metrics.families());
  parts[1]?.report(two.metrics.families());
  assert.equal(
    sums.render(),
    [
      "# HELP wss_connections Connections now",
      "# TYPE wss_connections gauge",
      "wss_connections 5",
      'wss_connections{node="n-0",worker="0"} 2',
      'wss_connections{node="n-1",worker="1"} 3',
      "# HELP wss_closed_total Ended",
      "# TYPE wss_closed_total counter",
      'wss_closed_total{cause="idle"} 5',
      'wss_closed_total{cause="error"} 7',
      'wss_closed_total{cause="idle",node="n-0",worker="0"} 5',
      'wss_closed_total{cause="idle",node="n-1",worker="1"} 0',
      'wss_closed_total{cause="error",node="n-1",worker="1"} 7',
      "",
    ].join("\n"),
  );
});

test("a process that takes another one's place counts on, and its gauges begin anew", () => {
  const sums = new MetricSums();
  const part = sums.part({ worker: "0" });
  const read = (): (string | undefined)[] => {
    const text = sums.render();
    const first = (name: string) => text.split("\n").find((line) => line.startsWith(name));
    return [first("wss_connections "), first("wss_closed_total{")];
  };
  for (const total of [5, 10, 15]) {
    const process = new Process();
    process.connections = 4;
    process.closed("idle", 5);
    part.report(process.metrics.families());
    // A second report replaces the first one.
    part.report(process.metrics.families());
    const closed = `wss_closed_total{cause="idle"} ${total}`;
    assert.deepEqual(read(), ["wss_connections 4", closed]);
    part.ended();
    assert.deepEqual(read(), ["wss_connections 0", closed]);
    // It may end before it has reported anything.
    part.ended();
    assert.deepEqual(read(), ["wss_connections 0", closed]);
  }
});

test("histograms of several processes are one histogram, which outlives them", () => {
  const sums = new MetricSums();
  const parts = ["0", "1"].map((worker) => sums.part({ worker }));
  const observe = (values: readonly number[]): PrometheusMetrics => {
    const metrics = new PrometheusMetrics();
    const histogram = metrics.histogram("wss_a_seconds", "A", [1]);
    for (const value of values) histogram.observe(value);
    return metrics;
  };
  parts[0]?.report(observe([0.5, 2]).families());
  parts[1]?.report(observe([0.25]).families());
  parts[0]?.ended();
  assert.deepEqual(sums.render().split("\n").slice(2), [
    'wss_a_seconds_bucket{le="1"} 2',
    'wss_a_seconds_bucket{le="+Inf"} 3',
    "wss_a_seconds_sum 2.75",
    "wss_a_seconds_count 3",
    'wss_a_seconds_bucket{le="1",worker="0"} 1',
    'wss_a_seconds_bucket{le="+Inf",worker="0"} 2',
    'wss_a_seconds_sum{worker="0"} 2.5',
    'wss_a_seconds_count{worker="0"} 2',
    'wss_a_seconds_bucket{le="1",worker="1"} 1',
    'wss_a_seconds_bucket{le="+Inf",worker="1"} 1',
    'wss_a_seconds_sum{worker="1"} 0.25',
    'wss_a_seconds_count{worker="1"} 1',
    "",
  ]);
});

test("what cannot be added up is the least or the most of the processes that live", () => {
  const sums = new MetricSums();
  const parts = ["0", "1", "2"].map((worker) => sums.part({ worker }));
  const ofLinks = ["wss_broker_link_up", "wss_broker_up"];
  const ends = "wss_certificate_expiry_timestamp_seconds";
  const least = ["process_start_time_seconds", ...ofLinks, ends];
  const ages = ["wss_event_loop_lag_seconds", "wss_jwks_age_seconds"];
  const most = ["wss_build_info", ...ages, "wss_origins"];
  const names = [...least, ...most];
  const report = (value: number): void => {
    const metrics = new PrometheusMetrics();
    for (const name of names) metrics.gauge(name, "", () => value);
    parts[value]?.report(metrics.families());
  };
  const read = (): (number | undefined)[] => {
    const lines = sums.render().split("\n");
    return names.map((name) => {
      const line = lines.find((one) => one.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.split(" ")[1]);
    });
  };
  report(1);
  report(2);
  assert.deepEqual(read(), [...least.map(() => 1), ...most.map(() => 2)]);
  parts[1]?.ended();
  assert.deepEqual(read(), Array(names.length).fill(2));
  parts[2]?.ended();
  assert.deepEqual(read(), Array(names.length).fill(0));
});
