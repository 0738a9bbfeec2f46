import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Mutant, Part } from "./parts/mutant.ts";
import type { Result } from "./workshop.ts";

const path = "dist/mutants/results.json";

/** Two mutants of one file differ in what they make false. */
function keyOf({ file, says }: Mutant): string {
  return `${file} ${says}`;
}

function readAll(): Record<string, string | null> {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
}

/** Keeps what a run came to beside what earlier runs did: a part may be tried alone. */
export function keepResults(results: readonly Result[]): void {
  const all = readAll();
  for (const { mutant, killedBy, fault } of results) {
    if (fault === undefined) all[keyOf(mutant)] = killedBy ?? null;
    else delete all[keyOf(mutant)];
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(all));
}

/** The last result of each mutant; a fault where it was not tried yet. */
export function keptResults(parts: readonly Part[]): Result[] {
  const all = readAll();
  return parts.flatMap(({ mutants }) =>
    mutants.map((mutant) => {
      const killedBy = all[keyOf(mutant)];
      if (killedBy === undefined) return { mutant, killedBy, fault: "not tried" };
      return { mutant, killedBy: killedBy ?? undefined };
    }),
  );
}
