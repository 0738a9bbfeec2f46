/** What one test file's run came to. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** One test of a report. */
export interface Case {
  readonly name: string;
  readonly outcome: keyof Totals;
  /** Why it was skipped, where the report tells it. */
  readonly reason: string | undefined;
}

/** Counts the cases of a JUnit report as Node, Bun and Deno write it; undefined for a torn one. */
export function totalsOf(xml: string): Totals | undefined {
  const cases = casesOf(xml);
  if (cases === undefined) return undefined;
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcome } of cases) totals[outcome] += 1;
  return totals;
}

/** Whether a report was written to its end. */
export const isWhole = (xml: string): boolean => xml.includes("</testsuites>");

/** The cases of a JUnit report, without suites; undefined for a torn one. */
export function casesOf(xml: string): Case[] | undefined {
  if (!isWhole(xml)) return undefined;
  const cases = taggedCases(xml);
  // Deno reports a suite as a case beside its own cases, named "suite > case".
  const suites = new Set<string>();
  for (const { name } of cases) {
    for (let at = name.indexOf(" > "); at !== -1; at = name.indexOf(" > ", at + 1)) {
      suites.add(name.slice(0, at));
    }
  }
  return cases.filter(({ name }) => !suites.has(name));
}

// Attribute values may hold ">" (Node does not escape it), so they are matched as a whole.
const caseTag = /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;

function taggedCases(xml: string): Case[] {
  return [...xml.matchAll(caseTag)].map(([, attributes = "", content = ""]) => ({
    name: unescaped(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? ""),
    outcome: outcomeOf(content),
    reason: reasonOf(content),
  }));
}

function outcomeOf(content: string): Case["outcome"] {
  if (/^\s*<(?:failure|error)\b/.test(content)) return "failed";
  return /^\s*<skipped\b/.test(content) ? "skipped" : "passed";
}

function reasonOf(content: string): string | undefined {
  const message = /^\s*<skipped\b[^>]*?\bmessage="([^"]*)"/.exec(content)?.[1];
  return message === undefined ? undefined : unescaped(message);
}

function unescaped(text: string): string {
  const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', amp: "&" };
  return text.replace(/&(lt|gt|quot|amp);/g, (_, name: string) => entities[name] ?? "");
}

/** Adds what the report cannot tell: a crash, a run cut short, a file without a test. */
export function judge(xml: string | undefined, exitCode: number | null): Verdict {
  const totals = xml === undefined ? undefined : totalsOf(xml);
  if (totals === undefined) {
    const text = exitCode === 0 ? "ended before its report" : `crashed (${exitCode ?? "killed"})`;
    return { totals: { passed: 0, failed: 1, skipped: 0 }, fault: text };
  }
  if (totals.passed + totals.failed + totals.skipped === 0) {
    return { totals: { ...totals, failed: 1 }, fault: "ran no test" };
  }
  if (exitCode !== 0 && totals.failed === 0) {
    const fault = `no test failed, but the run ended with ${exitCode ?? "a signal"}`;
    return { totals: { ...totals, failed: 1 }, fault };
  }
  return { totals, fault: undefined };
}

export interface Verdict {
  readonly totals: Totals;
  readonly fault: string | undefined;
}
