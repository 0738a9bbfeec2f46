/**
 * `npm run weights`: prints the words of each page, the lines of each room of source and tests,
 * tests to source, and the seconds of each part of the last whole check. Ends with 1 where a page
 * or the docs are over their budget, as the check does.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { orUsage } from "./support/run/usage.ts";
import { readTexts } from "./support/tidy/files.ts";
import { overweight, sumOf, weightsOf } from "./support/tidy/weights.ts";

interface LastCheck {
  readonly seconds: number;
  readonly parts: readonly { readonly name: string; readonly seconds: number }[];
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function printTable(title: string, counts: ReadonlyMap<string, number>): void {
  print(`\n${String(Math.round(sumOf(counts))).padStart(8)}  ${title}`);
  for (const [name, count] of counts) print(`${String(Math.round(count)).padStart(8)}    ${name}`);
}

function lastCheck(): LastCheck | undefined {
  try {
    return JSON.parse(readFileSync("dist/last-check.json", "utf8"));
  } catch {
    return undefined;
  }
}

orUsage(() => parseArgs({ options: {} }));
const weights = weightsOf(readTexts());
printTable("words of docs", weights.pages);
printTable("lines of source", weights.rooms);
printTable("lines of tests", weights.tests);
print(
  `\n${(sumOf(weights.tests) / sumOf(weights.rooms)).toFixed(2).padStart(8)}  tests to source`,
);
const last = lastCheck();
print(`\n${(last?.seconds.toFixed(0) ?? "–").padStart(8)}  seconds of the last whole check`);
for (const { name, seconds } of last?.parts ?? []) {
  print(`${seconds.toFixed(0).padStart(8)}    ${name}`);
}
const faults = overweight(weights);
for (const fault of faults) print(`\n${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
