/** A count that only grows. */
export interface Counter {
  add(count: number): void;
}

/** Names follow Prometheus' conventions: the unit last, and `wss_…_total` for counters. */
export interface Metrics {
  /**
   * Makes a counter, or returns the one that has this name and these labels. Call it once and keep
   * the counter: only `Counter.add` is made for the hot path.
   */
  counter(name: string, help: string, labels?: Readonly<Record<string, string>>): Counter;
  /**
   * Registers a gauge, which is read at each scrape; it replaces one of the same name and labels.
   */
  gauge(
    name: string,
    help: string,
    read: () => number,
    labels?: Readonly<Record<string, string>>,
  ): void;
}
