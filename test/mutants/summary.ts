import type { Part } from "./mutant.ts";

/** The page about all mutants, in Markdown: how many there are, how they fared, what survives. */
export function summaryOf(parts: readonly Part[]): string {
  const all = parts.flatMap(({ mutants }) => mutants);
  const tried = all.flatMap((mutant) => (mutant.tried === undefined ? [] : [mutant.tried]));
  const found = tried.filter(({ by }) => by !== undefined).length;
  const days = tried.map(({ on }) => on).sort();
  const survivors = all.filter(({ tried }) => tried !== undefined && tried.by === undefined);
  return [
    "# Mutants",
    "",
    "A mutant is a deliberate fault: a sentence that the product promises, a change of the source",
    "that makes it false, and the tests that must fail then. `npm run mutants` puts one after the",
    "other into a copy of the project, runs those tests, notes the day and the test that failed,",
    "and writes this page. `npm run mutants -- streams` tries one part only. The mutants stand in",
    "[test/mutants/faults](../test/mutants/faults), a file for each part of the product; a test",
    "checks that each can still be applied and that its tests exist.",
    "",
    `${all.length} mutants in ${parts.length} parts: ${found} found, ${tried.length - found}` +
      ` not, ${all.length - tried.length} not tried.`,
    `The oldest of these results: ${days.includes("earlier") ? "before 2026-11-26" : days[0]}.`,
    "",
    ...(survivors.length === 0 ? [] : ["What survives, and why:", ""]),
    ...survivors.map(({ says, file, survives }) => {
      return `- ${says} (\`${file}\`): ${survives ?? "nobody knows yet why"}.`;
    }),
    ...(survivors.length === 0 ? [] : [""]),
  ].join("\n");
}
