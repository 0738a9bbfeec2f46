import type { Outcome } from "./outcome.ts";

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
    ["offered again", ({ wire }) => wire.offeredAgain],
    ["echoes", ({ verdict }) => verdict.echoed],
    ["e. lost", ({ verdict }) => verdict.echoesLost],
    ["e. reordered", ({ verdict }) => verdict.echoesReordered],
    ["e. given up", ({ verdict }) => verdict.echoesGivenUp],
    ["e. twice", ({ verdict }) => verdict.echoesTwice],
    ["unclosed", ({ verdict }) => verdict.unclosed],
    ["closed twice", ({ verdict }) => verdict.closedTwice],
    ["reopened", ({ verdict }) => verdict.reopened],
    ["cut", ({ verdict }) => [...verdict.cut].map(([code, n]) => `${n}×${code}`).join(" ") || "0"],
    ["window KiB", ({ memory }) => Math.ceil(memory.windowBytes / 1_024)],
    ["node MiB", ({ memory }) => Math.ceil(memory.nodeBytes / 1_048_576)],
    ["origin MiB", ({ memory }) => Math.ceil(memory.originBytes / 1_048_576)],
    ["recovery ms", ({ recoveryMs }) => (recoveryMs === undefined ? "–" : Math.round(recoveryMs))],
    ["goal ms", ({ fault }) => fault.recoveryMsMax ?? "–"],
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
