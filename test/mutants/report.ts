import type { Mutant, Part } from "./parts/mutant.ts";
import type { Result } from "./workshop.ts";

const survives = "survives";
const untried = "not tried";
/** Of a row that was written before rows had a date. */
const noDate = "–";
/** A row without its fault's outcome, who found it, and when. */
const rowForm = /^(\| .+ \|) (`[^`|]+`|survives) \|(?: (\d{4}-\d\d-\d\d|–) \|)?$/;

/** What a run came to, in Markdown: each sentence, the fault against it, and who found it. */
export function reportOf(parts: readonly Part[], results: readonly Result[]): string {
  const byMutant = new Map(results.map((result) => [result.mutant, result]));
  const tried = results.filter(({ fault }) => fault === undefined);
  const killed = tried.filter(({ killedBy }) => killedBy !== undefined).length;
  const left = results.length - tried.length;
  return [
    "# Mutants",
    "",
    "Each row is a sentence of the docs, a fault that makes it false, the test that finds",
    "the fault, and the day on which that was last tried. `npm run mutants` puts one fault after",
    "the other into a copy of the project, runs the tests named for it, and writes this page;",
    "`npm run mutants -- streams` tries one part only, and leaves the other rows as they are.",
    "The faults stand in `test/mutants/`, as data; a test,",
    "`test/unit/house/mutants.once.test.ts`, checks that each can still be applied and that its",
    "sentence still stands in the page.",
    "",
    `${results.length} mutants: ${killed} found, ${tried.length - killed} not` +
      `${left === 0 ? "" : `, ${left} not tried`}.`,
    "",
    ...survivorLines(tried.filter(({ killedBy }) => killedBy === undefined)),
    ...parts.flatMap((part) => partLines(part, byMutant)),
  ].join("\n");
}

/** Results of earlier runs, as a page has them. A fault that was changed since has none. */
export function earlierResults(parts: readonly Part[], page: string): Result[] {
  const known = new Map<string, { by: string; on: string | undefined }>();
  for (const line of page.split("\n")) {
    const [, row, by, on] = rowForm.exec(line) ?? [];
    if (row !== undefined && by !== undefined) known.set(row, { by, on });
  }
  return parts.flatMap(({ mutants }) =>
    mutants.map((mutant): Result => {
      const found = known.get(rowOf(mutant));
      if (found === undefined) return { mutant, killedBy: undefined, fault: untried };
      const { by, on = noDate } = found;
      return { mutant, on, killedBy: by === survives ? undefined : `test/${by.slice(1, -1)}` };
    }),
  );
}

function survivorLines(survivors: readonly Result[]): string[] {
  if (survivors.length === 0) return [];
  const lines = survivors.map(({ mutant: { says, file, survives: why } }) => {
    return `- “${cell(says)}” (\`${file}\`): ${why ?? "nobody knows yet why"}`;
  });
  return ["## What survives, and why", "", ...lines, ""];
}

function partLines(part: Part, results: ReadonlyMap<Mutant, Result>): string[] {
  const rows = part.mutants.map((mutant) => {
    const { killedBy, fault, on = noDate } = results.get(mutant) ?? { fault: untried };
    if (fault !== undefined) return `${rowOf(mutant)} ${untried} | ${noDate} |`;
    const by = killedBy === undefined ? survives : `\`${killedBy.replace("test/", "")}\``;
    return `${rowOf(mutant)} ${by} | ${on} |`;
  });
  return [
    `## ${part.name}: ${part.page}`,
    "",
    "| sentence | fault | found by | tried on |",
    "|---|---|---|---|",
    ...rows,
    "",
  ];
}

/** The beginning of a mutant's row, which tells it apart from all others. */
function rowOf({ says, file, find, replace }: Mutant): string {
  return `| ${cell(says)} | \`${file}\`: ${changeOf(find, replace)} |`;
}

function changeOf(find: string, replace: string): string {
  const [before = "", after = ""] = [find, replace].map((text) => text.replaceAll(/\s+/g, " "));
  return after.trim() === "" ? `without ${code(before)}` : `${code(before)} → ${code(after)}`;
}

function code(text: string): string {
  return `\`${cell(text.trim()).replaceAll("`", "'")}\``;
}

function cell(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
}
