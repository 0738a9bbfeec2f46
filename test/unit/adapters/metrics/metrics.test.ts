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
