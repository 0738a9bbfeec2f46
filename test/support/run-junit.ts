/** What one test file's run came to. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Case {
  readonly name: string;
  readonly outcome: keyof Totals;
}

/** Counts the cases of a JUnit report as Node, Bun and Deno write it; undefined for a torn one. */
export function totalsOf(xml: string): Totals | undefined {
  if (!xml.includes("</testsuites>")) return undefined;
  const cases = casesOf(xml);
  // Deno reports a suite as a case beside its own cases, named "suite > case".
  const suites = new Set<string>();
  for (const { name } of cases) {
    for (let at = name.indexOf(" > "); at !== -1; at = name.indexOf(" > ", at + 1)) {
      suites.add(name.slice(0, at));
    }
  }
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, outcome } of cases) {
    if (!suites.has(name)) totals[outcome] += 1;
  }
  return totals;
}

// Attribute values may hold ">" (Node does not escape it), so they are matched as a whole.
const caseTag = /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;

function casesOf(xml: string): Case[] {
  return [...xml.matchAll(caseTag)].map(([, attributes = "", content = ""]) => ({
    name: unescaped(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? ""),
    outcome: outcomeOf(content),
  }));
}

function outcomeOf(content: string): Case["outcome"] {
  if (/^\s*<(?:failure|error)\b/.test(content)) return "failed";
  return /^\s*<skipped\b/.test(content) ? "skipped" : "passed";
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
