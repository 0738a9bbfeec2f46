import type { Totals } from "./junit.ts";

export interface Row extends Totals {
  readonly name: string;
  readonly seconds: number;
  /** Of a processor: the rest of the time is spent waiting. */
  readonly processorSeconds: number;
}

export function sumOf(rows: readonly Totals[]): Totals {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const row of rows) {
    sum.passed += row.passed;
    sum.failed += row.failed;
    sum.skipped += row.skipped;
  }
  return sum;
}

/** A table of runners and checks, columns aligned. */
export function tableOf(rows: readonly Row[]): string {
  const cells = [
    ["", "passed", "failed", "skipped", "seconds", "of a processor"],
    ...rows.map((row) => [
      row.name,
      ...[row.passed, row.failed, row.skipped].map(String),
      ...[row.seconds, row.processorSeconds].map((seconds) => seconds.toFixed(1)),
    ]),
  ];
  const widths = [0, 1, 2, 3, 4, 5].map((column) =>
    Math.max(...cells.map((line) => (line[column] ?? "").length)),
  );
  return cells
    .map((line) =>
      line
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  "),
    )
    .join("\n");
}

/** The slowest files: how long each took, and how much of a processor's time. */
export function slowestOf(rows: readonly Row[], count: number): string {
  return [...rows]
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, count)
    .map(({ name, seconds, processorSeconds }) => {
      const [all, busy] = [seconds, processorSeconds].map((time) => time.toFixed(1).padStart(6));
      return `  ${all} s  ${busy} s  ${name}`;
    })
    .join("\n");
}

/** The line that everybody who reads a run looks for, alone on its line. */
export function closingLine({ passed, failed, skipped }: Totals, flakyFiles = 0): string {
  const line = `${passed} passed, ${failed} failed`;
  const skips = skipped === 0 ? "" : `, ${skipped} skipped`;
  const flaky =
    flakyFiles === 0 ? "" : `, ${flakyFiles} flaky ${flakyFiles === 1 ? "file" : "files"}`;
  return `${line}${skips}${flaky}`;
}
