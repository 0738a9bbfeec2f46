import assert from "node:assert/strict";
import { test } from "node:test";
import { PrometheusMetrics } from "../../../../adapters/metrics/mod.ts";
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

test("MemoryMetrics: total sums over labels", () => {
  const metrics = new MemoryMetrics();
  metrics.counter("wss_t_total", "", { a: "1" }).add(1);
  metrics.counter("wss_t_total", "", { a: "2" }).add(2);
  metrics.counter("wss_t_total_other", "").add(9);
  assert.equal(metrics.total("wss_t_total"), 3);
});
