/** A line of the table of soaks. */
export interface SoakRun {
  readonly date: string;
  readonly commit: string;
  readonly minutes: number;
  /** Faults that were tried, and files of tests that ran. */
  readonly runs: number;
  /** The first, or the first and the last. */
  readonly seeds: string;
  readonly outcome: string;
}

const begin = "<!-- Written by npm run soak. -->";
const end = "<!-- end -->";
const head = [
  "| date | commit | minutes | runs | seeds | outcome |",
  "|---|---|---:|---:|---|---|",
].join("\n");

/** The page with one more line in its table, which it gets at its end where it has none. */
export function withSoakRun(page: string, run: SoakRun): string {
  const { date, commit, minutes, runs, seeds, outcome } = run;
  const line = `| ${date} | ${commit} | ${minutes} | ${runs} | ${seeds} | ${outcome} |`;
  const [before = "", rest] = page.split(begin, 2);
  if (rest === undefined) return `${page.trimEnd()}\n\n${begin}\n\n${head}\n${line}\n\n${end}\n`;
  const at = rest.indexOf(end);
  if (at < 0) throw new Error(`the table of soaks has no ${end}`);
  const table = rest.slice(0, at).trim() || head;
  return `${before}${begin}\n\n${table}\n${line}\n\n${rest.slice(at)}`;
}
