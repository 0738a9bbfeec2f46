import { assert } from "../../core/base/mod.ts";

export type MetricType = "counter" | "gauge" | "histogram";

/**
 * A family as a process can send it to another one. Its series by what follows the family's name:
 * labels as they are written, in a histogram behind `_bucket`, `_sum` or `_count`.
 */
export interface MetricFamily {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly series: readonly (readonly [series: string, value: number])[];
}

// Names according to the data model of Prometheus.
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A family in the text format of Prometheus, version 0.0.4. */
export function familyText({ name, type, help, series }: MetricFamily): string {
  const head = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  const lines = series.map(([rest, value]) => `${name}${rest} ${numberText(value)}\n`);
  return head + lines.join("");
}

/** `{a="1",b="2"}`. Sorted, so that equal labels name the same series. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  const names = Object.keys(labels).sort();
  if (names.length === 0) return "";
  const pairs = names.map((name) => {
    assert(labelName.test(name), `label name ${name}`);
    return `${name}="${escapeLabel(labels[name] ?? "")}"`;
  });
  return `{${pairs.join(",")}}`;
}

/** A series with more labels: those of `inner`, as they are written without brackets. */
export function withLabels(series: string, inner: string): string {
  return series.endsWith("}") ? `${series.slice(0, -1)},${inner}}` : `${series}{${inner}}`;
}

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
