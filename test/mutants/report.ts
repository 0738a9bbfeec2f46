import type { Mutant, Part } from "./parts/mutant.ts";
import type { Result } from "./workshop.ts";

/** What a run came to, in Markdown: each sentence, the fault against it, and who found it. */
export function reportOf(parts: readonly Part[], results: readonly Result[]): string {
  const byMutant = new Map(results.map((result) => [result.mutant, result]));
  const killed = results.filter(({ killedBy }) => killedBy !== undefined).length;
  const survivors = results.filter(({ killedBy }) => killedBy === undefined);
  return [
    "# Mutants",
    "",
    "Each row is a sentence of the docs, a fault that makes it false, and the test that finds",
    "the fault. `npm run mutants` puts one fault after the other into a copy of the project, runs",
    "the tests named for it, and writes this page; `npm run mutants -- streams` tries one",
    "part only. The faults stand in `test/mutants/`, as data; a test,",
    "`test/unit/house/mutants.once.test.ts`, checks",
    "that each can still be applied and that its sentence still stands in the page.",
    "",
    `${results.length} mutants: ${killed} found, ${survivors.length} not.`,
    "",
    ...survivorLines(survivors),
    ...parts.flatMap((part) => partLines(part, byMutant)),
  ].join("\n");
}

function survivorLines(survivors: readonly Result[]): string[] {
  if (survivors.length === 0) return [];
  const lines = survivors.map(({ mutant: { says, file, survives }, fault }) => {
    const why = fault === undefined ? (survives ?? "nobody knows yet why") : "not tried";
    return `- “${cell(says)}” (\`${file}\`): ${why}`;
  });
  return ["## What survives, and why", "", ...lines, ""];
}

function partLines(part: Part, results: ReadonlyMap<Mutant, Result>): string[] {
  const rows = part.mutants.map((mutant) => {
    const killedBy = results.get(mutant)?.killedBy;
    const by = killedBy === undefined ? "survives" : `\`${killedBy.replace("test/", "")}\``;
    const { says, file, find, replace } = mutant;
    return `| ${cell(says)} | \`${file}\`: ${changeOf(find, replace)} | ${by} |`;
  });
  return [
    `## ${part.name}: ${part.page}`,
    "",
    "| sentence | fault | found by |",
    "|---|---|---|",
    ...rows,
    "",
  ];
}

/** The change without what both texts have in common around it. */
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
