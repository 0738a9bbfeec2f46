import assert from "node:assert/strict";
import { test } from "node:test";
import type { Metrics } from "../../core/ports/mod.ts";

export interface MetricsCase {
  readonly metrics: Metrics;
  /** What a scrape would find; undefined where there is no such series. */
  read(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

/** What the core relies on in any metrics. */
export function metricsConformance(name: string, make: () => MetricsCase): void {
  test(`${name}: a counter starts at 0 and adds up`, () => {
    const { metrics, read } = make();
    const counter = metrics.counter("wss_messages_total", "Messages");
    assert.equal(read("wss_messages_total"), 0);
    counter.add(2);
    counter.add(0);
    counter.add(40);
    assert.equal(read("wss_messages_total"), 42);
  });

  test(`${name}: the same name and labels give the same counter, in any order of labels`, () => {
    const { metrics, read } = make();
    const one = metrics.counter("wss_closes_total", "Closes", { cause: "idle", app: "a" });
    const same = metrics.counter("wss_closes_total", "Closes", { app: "a", cause: "idle" });
    const other = metrics.counter("wss_closes_total", "Closes", { app: "b", cause: "idle" });
    assert.equal(one, same);
    one.add(1);
    same.add(2);
    other.add(5);
    assert.equal(read("wss_closes_total", { cause: "idle", app: "a" }), 3);
    assert.equal(read("wss_closes_total", { cause: "idle", app: "b" }), 5);
    assert.equal(read("wss_closes_total", { cause: "slow", app: "a" }), undefined);
  });

  test(`${name}: a gauge is read when asked, and the last registration counts`, () => {
    const { metrics, read } = make();
    let connections = 3;
    metrics.gauge("wss_connections", "Connections", () => connections);
    assert.equal(read("wss_connections"), 3);
    connections = 7;
    assert.equal(read("wss_connections"), 7);
    metrics.gauge("wss_connections", "Connections", () => connections * 10);
    assert.equal(read("wss_connections"), 70);
  });

  test(`${name}: the same name and labels give the same histogram`, () => {
    const { metrics } = make();
    const bounds = [1, 2];
    const one = metrics.histogram("wss_a_seconds", "A", bounds, { app: "a", cause: "x" });
    const same = metrics.histogram("wss_a_seconds", "A", bounds, { cause: "x", app: "a" });
    const other = metrics.histogram("wss_a_seconds", "A", bounds, { app: "b", cause: "x" });
    assert.equal(one, same);
    assert.notEqual(one, other);
  });

  test(`${name}: gauges of one name are told apart by their labels`, () => {
    const { metrics, read } = make();
    metrics.gauge("wss_up", "Up", () => 1, { broker: "a" });
    metrics.gauge("wss_up", "Up", () => 0, { broker: "b" });
    assert.deepEqual([read("wss_up", { broker: "a" }), read("wss_up", { broker: "b" })], [1, 0]);
  });
}
