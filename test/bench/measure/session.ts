import { mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { type Bar, barPlot } from "./plots/bar-plot.ts";
import { median } from "./processes.ts";
import type { SharedTime, Turns } from "./rounds.ts";

/** Folder of the pictures of the page, from the root and from the page. */
const pictures = { written: "docs/performance", shown: "performance" };

/** How much a bench does. */
export interface Effort {
  /** All of it in two minutes, to see that it works and what comes about. */
  readonly quick: boolean;
  readonly rounds: number;
  /** Of each load that are counted. */
  readonly seconds: number;
  readonly warmUpMs: number;
}

/** Figures of one contestant, a round each. */
export type Rounds = readonly number[];

/** Shows figures with few digits: 12,345, 123, 12.3, 1.23. */
export function digits(figure: number): string {
  if (!Number.isFinite(figure)) return "–";
  const size = Math.abs(figure);
  if (size >= 1_000) return Math.round(figure).toLocaleString("en");
  return figure.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** Median, and smallest to largest where there are several. */
export function ranged(figures: Rounds, show: (figure: number) => string = digits): string {
  const known = figures.filter(Number.isFinite);
  if (known.length === 0) return "–";
  if (known.length === 1) return show(known[0]!);
  return `${show(median(known))} (${show(Math.min(...known))}–${show(Math.max(...known))})`;
}

/** Each figure to that of another one in the same round. */
export function ratios(figures: Rounds, to: Rounds = []): number[] {
  return figures.map((figure, round) => figure / (to[round] ?? Number.NaN));
}

/** The median alone: a plot shows the spread, or another column of the row does. */
export function middle(figures: Rounds): string {
  return digits(median(figures.filter(Number.isFinite)));
}

/** What one bench says: on the screen, and for its section of the page. */
export class Session {
  readonly effort: Effort;
  /** For other pages: medians by name. */
  readonly figures: Record<string, number> = {};
  readonly #isWritten: boolean;
  /** Without one there is no limit. */
  readonly #time: SharedTime | undefined;
  #rounds: number | undefined;
  readonly #lines: { kind: "text" | "markdown"; line: string }[] = [];

  constructor(effort: Effort, isWritten: boolean, time?: SharedTime) {
    this.effort = effort;
    this.#isWritten = isWritten;
    this.#time = time;
  }

  /** How many rounds to do; fewer than asked for where a round is long. */
  rounds(most: number = Number.POSITIVE_INFINITY): number {
    this.#rounds = Math.min(this.effort.rounds, most);
    return this.#rounds;
  }

  /** How many a bench has asked for. */
  get roundsDone(): number {
    return this.#rounds ?? this.effort.rounds;
  }

  /** The same for `inTurns`, which also ends when the time of this bench is used. */
  turns(most?: number): Turns {
    return { rounds: this.rounds(most), mayTake: this.mayTake, leftOut: this.leftOut };
  }

  /** Whether there is time for one more turn of this bench. */
  readonly mayTake = (): boolean => this.#time?.mayTake() ?? true;

  /** What was not measured, by name. */
  readonly leftOut = (names: readonly string[]): void => {
    this.say(`Left out, because the time of this bench is used: ${names.join("; ")}.`);
  };

  /** A line as it is, in a block of its own kind. */
  readonly print = (line: string): void => this.#add("text", line);

  /** A paragraph. */
  say(text: string): void {
    this.#add("markdown", "");
    this.#add("markdown", text);
    this.#add("markdown", "");
  }

  /** A table; the first column names the row. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const all = [head, ...rows];
    const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
    const lineOf = (row: readonly string[]): string =>
      `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
    this.#add("markdown", "");
    this.#add("markdown", lineOf(head));
    this.#add("markdown", `|${head.map((_, at) => (at === 0 ? "---|" : "---:|")).join("")}`);
    for (const row of rows) this.#add("markdown", lineOf(row));
    this.#add("markdown", "");
  }

  /** A picture: kept in a file if the page is written. */
  draw(name: string, alternative: string, svg: string): void {
    if (this.#isWritten) {
      mkdirSync(pictures.written, { recursive: true });
      writeFileSync(`${pictures.written}/${name}.svg`, svg);
    }
    this.say(`![${alternative}](${pictures.shown}/${name}.svg)`);
  }

  /** A picture of bars. */
  bars(name: string, title: string, bars: readonly Bar[]): void {
    this.draw(name, `Bars: ${name}`, barPlot(bars, { title, show: digits }));
  }

  /** Keeps a figure for other pages. */
  keep(name: string, figures: Rounds): void {
    this.figures[name] = Number(median(figures).toPrecision(4));
  }

  /** What was said, as Markdown. */
  markdown(): string {
    const parts: string[] = [];
    let kind = "markdown";
    for (const entry of this.#lines) {
      if (entry.kind !== kind) parts.push(entry.kind === "text" ? "\n```text" : "```\n");
      kind = entry.kind;
      parts.push(entry.line.trimEnd());
    }
    if (kind === "text") parts.push("```");
    return parts
      .join("\n")
      .replaceAll(/\n{3,}/g, "\n\n")
      .trim();
  }

  #add(kind: "text" | "markdown", line: string): void {
    this.#lines.push({ kind, line });
    process.stdout.write(`${line}\n`);
  }
}
