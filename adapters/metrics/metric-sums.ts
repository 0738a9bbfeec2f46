import { contentType } from "./prometheus.ts";
import { familyText, labelText, type MetricFamily, withLabels } from "./text-format.ts";

type Labels = Readonly<Record<string, string>>;

/** The metrics of one process, and the counters of the processes that it has replaced. */
export interface SummedPart {
  /** The present values of its process. */
  report(families: readonly MetricFamily[]): void;
  /** Its process has ended: its counters stay, and its gauges are 0 until another one reports. */
  ended(): void;
}

/** How gauges are combined whose sum over processes would mean nothing. Others are added up. */
const combined: Readonly<Record<string, (...values: number[]) => number>> = {
  process_start_time_seconds: Math.min,
  wss_broker_link_up: Math.min,
  wss_broker_up: Math.min,
  wss_build_info: Math.max,
  wss_certificate_expiry_timestamp_seconds: Math.min,
  wss_event_loop_lag_seconds: Math.max,
  wss_jwks_age_seconds: Math.max,
  wss_origins: Math.max,
};

/**
 * Metrics of several processes on one page: of each series the sum, and beside it each part, with
 * the labels of the part. A counter never goes back when a process ends and another takes its
 * place: the scraper would take that for a new start of the sum.
 */
export class MetricSums {
  readonly contentType: string = contentType;
  readonly #parts: Part[] = [];

  /** Adds a part. Its labels tell it apart from the others. */
  part(labels: Labels): SummedPart {
    const part = new Part(labels);
    this.#parts.push(part);
    return part;
  }

  /** The sums of the counters over all labels and parts, by name. */
  totals(): ReadonlyMap<string, number> {
    const totals = new Map<string, number>();
    for (const part of this.#parts) {
      for (const { name, series } of part.families) {
        for (const [labels] of series) {
          totals.set(name, (totals.get(name) ?? 0) + part.value(name, labels));
        }
      }
    }
    return totals;
  }

  /** The body of the answer to a scrape. */
  render(): string {
    const families = new Map<string, { family: MetricFamily; sums: Map<string, number> }>();
    for (const part of this.#parts) {
      for (const family of part.families) {
        const known = families.get(family.name) ?? { family, sums: new Map<string, number>() };
        families.set(family.name, known);
        for (const [series] of family.series) {
          const sum = known.sums.get(series) ?? 0;
          known.sums.set(series, sum + part.value(family.name, series));
        }
      }
    }
    for (const [name, combine] of Object.entries(combined)) {
      const sums = families.get(name)?.sums ?? new Map<string, number>();
      for (const series of sums.keys()) sums.set(series, this.#combined(name + series, combine));
    }
    return Array.from(families.values(), ({ family, sums }) => {
      const parts = this.#parts.flatMap((part) => part.series(family.name));
      return familyText({ ...family, series: [...sums, ...parts] });
    }).join("");
  }

  /** Combines the values of living processes: one that has ended must not decide a minimum. */
  #combined(key: string, combine: (...values: number[]) => number): number {
    const values = this.#parts.map((part) => part.present(key));
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? 0 : combine(...known);
  }
}

class Part implements SummedPart {
  readonly #labels: string;
  /** What ended processes have counted, by the series' name and labels. */
  readonly #counted: Map<string, number> = new Map();
  readonly #values: Map<string, number> = new Map();
  families: readonly MetricFamily[] = [];

  constructor(labels: Labels) {
    this.#labels = labelText(labels).slice(1, -1);
  }

  report(families: readonly MetricFamily[]): void {
    this.families = families;
    this.#values.clear();
    for (const { name, series } of families) {
      for (const [rest, value] of series) this.#values.set(name + rest, value);
    }
  }

  ended(): void {
    for (const { name, type, series } of this.families) {
      if (type === "gauge") continue;
      for (const [rest] of series) {
        const key = name + rest;
        this.#counted.set(key, this.value(name, rest));
      }
    }
    this.#values.clear();
  }

  /** The value that its process has reported; undefined if that has ended. */
  present(key: string): number | undefined {
    return this.#values.get(key);
  }

  value(name: string, series: string): number {
    const key = name + series;
    return (this.#counted.get(key) ?? 0) + (this.#values.get(key) ?? 0);
  }

  /** The series of a family, with the labels of this part. */
  series(name: string): [series: string, value: number][] {
    const own = this.families.filter((family) => family.name === name);
    return own.flatMap(({ series }) =>
      series.map(([rest]): [string, number] => [
        withLabels(rest, this.#labels),
        this.value(name, rest),
      ]),
    );
  }
}
