/** A test that was not run. Bun's and Deno's reports give no reason. */
export interface Skip {
  readonly file: string;
  readonly name: string;
  readonly reason: string | undefined;
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
