/** A count that only grows. */
export interface Counter {
  add(count: number): void;
}

/** A distribution of values: how many were at most as large as each bound, and their sum. */
export interface Histogram {
  observe(value: number): void;
}

/** Names follow Prometheus' conventions: the unit last, and `wss_…_total` for counters. */
export interface Metrics {
  /**
   * Makes a counter, or returns the one that has this name and these labels. Call it once and keep
   * the counter: only `Counter.add` is made for the hot path.
   */
  counter(name: string, help: string, labels?: Readonly<Record<string, string>>): Counter;
  /**
   * Makes a histogram, or returns the one that has this name and these labels. `bounds` are the
   * upper bounds of its buckets, which grow; a last one takes what is larger.
   */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    labels?: Readonly<Record<string, string>>,
  ): Histogram;
  /**
   * Registers a gauge, which is read at each scrape; it replaces one of the same name and labels.
   * While `read` returns undefined, the gauge is left out.
   */
  gauge(
    name: string,
    help: string,
    read: () => number | undefined,
    labels?: Readonly<Record<string, string>>,
  ): void;
}
