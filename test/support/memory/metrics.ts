import type { Counter, Histogram, Metrics } from "../../../core/ports/mod.ts";

type Labels = Readonly<Record<string, string>>;

class MemoryCounter implements Counter {
  value = 0;
  /** Counters of the same name; undefined for the sum itself. */
  readonly #sum: MemoryCounter | undefined;

  constructor(sum?: MemoryCounter) {
    this.#sum = sum;
  }

  add(count: number): void {
    this.value += count;
    this.#sum?.add(count);
  }
}

class MemoryHistogram implements Histogram {
  readonly values: number[] = [];

  observe(value: number): void {
    this.values.push(value);
  }
}

/** Metrics that a test reads back. */
export class MemoryMetrics implements Metrics {
  readonly #counters = new Map<string, MemoryCounter>();
  readonly #sums = new Map<string, MemoryCounter>();
  readonly #gauges = new Map<string, () => number | undefined>();
  readonly #histograms = new Map<string, MemoryHistogram>();

  counter(name: string, _help: string, labels: Labels = {}): Counter {
    const key = keyOf(name, labels);
    const existing = this.#counters.get(key);
    if (existing !== undefined) return existing;
    const sum = this.#sums.get(name) ?? new MemoryCounter();
    this.#sums.set(name, sum);
    const counter = new MemoryCounter(sum);
    this.#counters.set(key, counter);
    return counter;
  }

  histogram(
    name: string,
    _help: string,
    _bounds: readonly number[],
    labels: Labels = {},
  ): Histogram {
    const key = keyOf(name, labels);
    const histogram = this.#histograms.get(key) ?? new MemoryHistogram();
    this.#histograms.set(key, histogram);
    return histogram;
  }

  gauge(name: string, _help: string, read: () => number | undefined, labels: Labels = {}): void {
    this.#gauges.set(keyOf(name, labels), read);
  }

  /** The value of a counter or gauge now; undefined where there is neither. */
  value(name: string, labels: Labels = {}): number | undefined {
    const key = keyOf(name, labels);
    return this.#counters.get(key)?.value ?? this.#gauges.get(key)?.();
  }

  /** What a histogram was given, in order. */
  observed(name: string, labels: Labels = {}): readonly number[] {
    return this.#histograms.get(keyOf(name, labels))?.values ?? [];
  }

  /** A counter's sum over all its labels. */
  total(name: string): number {
    return this.#sums.get(name)?.value ?? 0;
  }
}

function keyOf(name: string, labels: Labels): string {
  const names = Object.keys(labels).sort();
  if (names.length === 0) return name;
  return `${name}{${names.map((label) => `${label}=${JSON.stringify(labels[label])}`).join(",")}}`;
}
