import { PerformanceObserver } from "node:perf_hooks";
import process from "node:process";
import type { PrometheusMetrics } from "../../../adapters/metrics/mod.ts";
import {
  descriptorsMax,
  descriptorsOpen,
  type EventLoopLag,
} from "../../../adapters/system/mod.ts";
import { type Histogram, histogramBounds } from "../../../core/ports/mod.ts";

const microsecondsPerSecond = 1_000_000;

/** What Prometheus's own clients tell of a process, by the same names. */
export function registerProcessMetrics(metrics: PrometheusMetrics, lag: EventLoopLag): void {
  metrics.countedElsewhere("process_cpu_seconds_total", "User and system CPU time", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / microsecondsPerSecond;
  });
  const gauge = (name: string, help: string, read: () => number): void =>
    metrics.gauge(name, help, read);
  const startedAt = performance.timeOrigin / 1_000;
  const max = descriptorsMax() ?? 0;
  const memory = (): NodeJS.MemoryUsage => process.memoryUsage();
  gauge("process_start_time_seconds", "Start time since the epoch", () => startedAt);
  gauge("process_resident_memory_bytes", "Resident memory", () => memory().rss);
  gauge("process_open_fds", "Open file descriptors", descriptorsOpen);
  gauge("process_max_fds", "Limit of open file descriptors", () => max);
  gauge("nodejs_heap_size_total_bytes", "Size of the heap", () => memory().heapTotal);
  gauge("nodejs_heap_size_used_bytes", "Used part of the heap", () => memory().heapUsed);
  gauge("nodejs_external_memory_bytes", "Memory beside the heap", () => memory().external);
  gauge(
    "wss_event_loop_lag_seconds",
    "Longest delay of the event loop in the last 10 to 20 seconds",
    () => Math.round(lag.longestMs()) / 1_000,
  );
  observeGarbageCollection(metrics);
}

/** V8's names of kinds by the numbers of `node:perf_hooks`. */
const kinds: Readonly<Record<number, string>> = {
  1: "minor",
  4: "major",
  8: "incremental",
  16: "weakcb",
};

/** What the types of Node.js 20 leave out. */
interface ObserverTypes {
  readonly supportedEntryTypes: readonly string[];
}

interface GarbageCollection {
  readonly detail?: { readonly kind?: number };
}

/** Where the runtime tells: Bun does not. */
function observeGarbageCollection(metrics: PrometheusMetrics): void {
  const { supportedEntryTypes } = PerformanceObserver as unknown as ObserverTypes;
  if (!supportedEntryTypes.includes("gc")) return;
  const help = "Garbage collection";
  const byKind = new Map<number, Histogram>();
  for (const [number, kind] of Object.entries(kinds)) {
    const name = "nodejs_gc_duration_seconds";
    const histogram = metrics.histogram(name, help, histogramBounds.seconds, { kind });
    byKind.set(Number(number), histogram);
  }
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail } = entry as unknown as GarbageCollection;
      byKind.get(detail?.kind ?? 0)?.observe(entry.duration / 1_000);
    }
  });
  observer.observe({ entryTypes: ["gc"] });
}
