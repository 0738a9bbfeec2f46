import { contentType, familyText, labelText, type MetricFamily } from "./prometheus.ts";

type Labels = Readonly<Record<string, string>>;

/** What one process counts, and what processes before it counted in its place. */
export interface SummedPart {
  /** The present values of its process. */
  report(families: readonly MetricFamily[]): void;
  /** Its process has ended: its counters stay, and its gauges are 0 until another one reports. */
  ended(): void;
}

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
        for (const [labels] of family.series) {
          const sum = known.sums.get(labels) ?? 0;
          known.sums.set(labels, sum + part.value(family.name, labels));
        }
      }
    }
    return Array.from(families.values(), ({ family, sums }) => {
      const parts = this.#parts.flatMap((part) => part.series(family.name));
      return familyText({ ...family, series: [...sums, ...parts] });
    }).join("");
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
      for (const [labels, value] of series) this.#values.set(name + labels, value);
    }
  }

  ended(): void {
    for (const { name, type, series } of this.families) {
      if (type !== "counter") continue;
      for (const [labels] of series) {
        const key = name + labels;
        this.#counted.set(key, this.value(name, labels));
      }
    }
    this.#values.clear();
  }

  value(name: string, labels: string): number {
    const key = name + labels;
    return (this.#counted.get(key) ?? 0) + (this.#values.get(key) ?? 0);
  }

  /** The series of a family, with the labels of this part. */
  series(name: string): [labels: string, value: number][] {
    const own = this.families.filter((family) => family.name === name);
    return own.flatMap(({ series }) =>
      series.map(([labels]): [string, number] => {
        const inner = labels === "" ? this.#labels : `${labels.slice(1, -1)},${this.#labels}`;
        return [`{${inner}}`, this.value(name, labels)];
      }),
    );
  }
}
