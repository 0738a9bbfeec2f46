import { assert } from "../../core/base/mod.ts";
import type { Histogram } from "../../core/ports/mod.ts";
import { labelText } from "./text-format.ts";

/** Counts by bucket. They are summed up at a scrape: an observation adds to three numbers. */
export class PrometheusHistogram implements Histogram {
  readonly #bounds: readonly number[];
  /** One for each bound, and one for what is larger. */
  readonly #counts: Float64Array;
  #sum = 0;
  /** The series of each bucket, then those of the sum and the count. */
  readonly #series: readonly string[];

  constructor(bounds: readonly number[], labels: Readonly<Record<string, string>>) {
    const grows = bounds.every((bound, index) => index === 0 || bound > bounds[index - 1]!);
    assert(grows, "the bounds of a histogram grow");
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
    const buckets = [...bounds.map(String), "+Inf"];
    this.#series = [
      ...buckets.map((le) => `_bucket${labelText({ ...labels, le })}`),
      `_sum${labelText(labels)}`,
      `_count${labelText(labels)}`,
    ];
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.#counts[bucket]! += 1;
    this.#sum += value;
  }

  /** Adds the present value of each series. */
  addTo(values: [series: string, value: number][]): void {
    let count = 0;
    for (const [bucket, inBucket] of this.#counts.entries()) {
      count += inBucket;
      values.push([this.#series[bucket]!, count]);
    }
    const [sum, total] = this.#series.slice(-2) as [string, string];
    values.push([sum, this.#sum], [total, count]);
  }
}
