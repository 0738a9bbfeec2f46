import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A test that was not run. Bun's and Deno's reports give no reason. */
export interface Skip {
  readonly file: string;
  readonly name: string;
  readonly reason: string | undefined;
}

const importPattern = /\bfrom "(\.{1,2}\/[^"]+\.ts)"/g;

/** Whether a file imports another, itself or by way of others. */
export function imports(file: string, wanted: string, seen: Set<string> = new Set()): boolean {
  if (file === wanted) return true;
  if (seen.has(file)) return false;
  seen.add(file);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // An import in the text of a test, say.
    return false;
  }
  return [...text.matchAll(importPattern)].some(([, path = ""]) =>
    imports(join(dirname(file), path), wanted, seen),
  );
}

/** How many tests were skipped for each reason; a runtime that gives none has that of another. */
export function skipTable(skips: readonly Skip[]): string {
  const told = new Map<string, string>();
  for (const { file, name, reason } of skips) if (reason) told.set(`${file} ${name}`, reason);
  const counts = new Map<string, number>();
  for (const { file, name, reason } of skips) {
    const why = reason ?? told.get(`${file} ${name}`) ?? `no reason told by ${file}: ${name}`;
    counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([reason, count]) => `  ${String(count).padStart(6)}  ${reason}`)
    .join("\n");
}
