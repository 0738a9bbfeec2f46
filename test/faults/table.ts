import type { Outcome } from "./run-fault.ts";

const columns: readonly (readonly [name: string, read: (outcome: Outcome) => string | number])[] =
  [
    ["fault", ({ fault }) => fault.name],
    ["nodes", ({ combination }) => combination],
    ["sent", ({ verdict }) => verdict.sent],
    ["handled", ({ verdict }) => verdict.handled],
    ["lost", ({ verdict }) => verdict.lost],
    ["reordered", ({ verdict }) => verdict.reordered],
    ["twice", ({ verdict }) => verdict.twice],
    ["redelivered", ({ verdict }) => verdict.redelivered],
    ["unclosed", ({ verdict }) => verdict.unclosed],
    ["closed twice", ({ verdict }) => verdict.closedTwice],
    ["reopened", ({ verdict }) => verdict.reopened],
    ["cut", ({ verdict }) => [...verdict.cut].map(([code, n]) => `${n}×${code}`).join(" ") || "0"],
    ["window KiB", ({ windowBytes }) => Math.ceil(windowBytes / 1_024)],
    ["recovery ms", ({ recoveryMs }) => (recoveryMs === undefined ? "–" : Math.round(recoveryMs))],
  ];

/** The outcomes as a table of Markdown. */
export function outcomeTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome) => columns.map(([, read]) => String(read(outcome))));
  const all = [columns.map(([name]) => name), ...rows];
  const widths = columns.map((_, index) => Math.max(...all.map((row) => row[index]!.length)));
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, index) =>
      index < 2 ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!),
    );
    return `| ${padded.join(" | ")} |`;
  };
  const [head, ...body] = all.map(line);
  const rules = widths.map((width, index) => `${"-".repeat(width + 1)}${index < 2 ? "-" : ":"}`);
  return [head, `|${rules.join("|")}|`, ...body].join("\n");
}
