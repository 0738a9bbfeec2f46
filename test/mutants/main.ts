/**
 * `npm run mutants [-- PARTS…] [--untried] [--all] [--workers N]`: puts one known fault after the
 * other into a copy of the project and looks whether a test finds it. PARTS are names of parts, or
 * pieces of the mutants' files or texts. `--untried` leaves out those that were tried since they
 * were written, `--before DAY` those that were tried on that day or later. `--all` runs every
 * test of `unit` and `integration` against each. It writes the outcomes beside the mutants, and
 * a summary into docs/mutants.md, also where a signal ends it. It ends with 1 where a mutant
 * survives that must not.
 *
 * A test that takes more than four minutes without any mutant finds none. `TEST_GATEWAYS=node` has
 * each start gateways on one runtime only, which is enough for what all of them have in common.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { findTests } from "../support/run/plan.ts";
import { inParallel, Processes } from "../support/run/process.ts";
import { day, orUsage, positive } from "../support/run/usage.ts";
import { readParts, writePart } from "./faults.ts";
import type { Mutant, Tried } from "./mutant.ts";
import { summaryOf } from "./summary.ts";
import { type Result, Workshop } from "./workshop.ts";

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const { values, positionals, workers } = orUsage(() => {
  const read = parseArgs({
    allowPositionals: true,
    options: {
      all: { type: "boolean", default: false },
      untried: { type: "boolean", default: false },
      before: { type: "string" },
      workers: { type: "string", default: "1" },
    },
  });
  const { before, workers } = read.values;
  if (before !== undefined) day("--before", before);
  return { ...read, workers: positive("--workers", workers) };
});

const parts = readParts();

function isChosen(part: string, mutant: Mutant): boolean {
  const { tried } = mutant;
  if (values.untried && tried !== undefined) return false;
  if (values.before !== undefined && isSince(tried, values.before)) return false;
  if (positionals.length === 0) return true;
  const { file, find } = mutant;
  return positionals.some((word) => part === word || file.includes(word) || find.includes(word));
}

const isSince = (tried: Tried | undefined, day: string): boolean =>
  tried !== undefined && tried.on !== "earlier" && tried.on >= day;

const chosen = parts.flatMap(({ name, mutants }) =>
  mutants.filter((mutant) => isChosen(name, mutant)),
);
if (chosen.length === 0) print("No mutant is chosen by these arguments.");
const every = [...findTests("test/unit"), ...findTests("test/integration")];
const folder = mkdtempSync(join(tmpdir(), "wss-mutants-"));
const processes = new Processes();
const results: Result[] = [];

/** Notes the results so far beside the mutants; others keep those of earlier runs. */
function writeResults(): void {
  const on = new Date().toISOString().slice(0, 10);
  const fresh = new Map(
    results
      .filter(({ fault }) => fault === undefined)
      .map(({ mutant, killedBy }): [Mutant, Tried] => [mutant, { on, by: killedBy }]),
  );
  const written = parts.map((part) => {
    const mutants = part.mutants.map((mutant) => {
      const tried = fresh.get(mutant) ?? mutant.tried;
      return tried === undefined ? mutant : { ...mutant, tried };
    });
    return { ...part, mutants };
  });
  for (const part of written) writePart(part);
  writeFileSync("docs/mutants.md", summaryOf(written));
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    processes.killAll();
    writeResults();
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  });
}

function tell({ mutant, killedBy, fault }: Result): void {
  const { file, says, survives } = mutant;
  const told = fault ?? (killedBy === undefined ? "SURVIVES" : `found by ${killedBy}`);
  print(`${results.length}/${chosen.length} ${file}: “${says}”: ${told}`);
  if (killedBy !== undefined && survives !== undefined) print("  (it was said to survive)");
}

try {
  const queue = chosen.values();
  const shops = Array.from({ length: workers }, (_, index) => {
    return new Workshop(join(folder, String(index)), processes);
  });
  await inParallel(shops, workers, async (shop) => {
    for (const mutant of queue) {
      results.push(await shop.try(mutant, values.all ? every : mutant.tests));
      tell(results.at(-1) as Result);
    }
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
writeResults();
const survivors = results.filter(({ killedBy }) => killedBy === undefined);
const wrong = survivors.filter(({ mutant, fault }) => !mutant.survives || fault);
print(`${results.length - survivors.length} found, ${survivors.length} survive`);
process.exitCode = wrong.length > 0 || results.length === 0 ? 1 : 0;
