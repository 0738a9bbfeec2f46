/** A count that only grows. */
export interface Counter {
  add(count: number): void;
}

/** Named by Prometheus' conventions: `wss_…_total` for counters, the unit last. */
export interface Metrics {
  /** The same name and labels give the same counter. Call once and keep it: the hot path adds. */
  counter(name: string, help: string, labels?: Readonly<Record<string, string>>): Counter;
  /** Read when the metrics are scraped. A second registration of a name replaces the first. */
  gauge(name: string, help: string, read: () => number): void;
}
