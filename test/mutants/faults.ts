/**
 * Reads and writes `test/mutants/faults/*.txt`. The first line of a file is `NAME: PAGE`; a blank
 * line stands before each mutant, which is its sentence and then lines by their first character:
 * `@` its file, `-` and `+` the text without and with the fault, `?` a test that finds it,
 * `!` why none does, `=` the day of the last try and who found it (or `survives`).
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Mutant, Part } from "./mutant.ts";

const folder = "test/mutants/faults";
const survived = "survives";

export function readParts(): Part[] {
  const files = readdirSync(folder).sort();
  return files.map((file) => parsePart(readFileSync(join(folder, file), "utf8")));
}

export function writePart(part: Part): void {
  writeFileSync(join(folder, `${part.name}.txt`), formatPart(part));
}

export function parsePart(text: string): Part {
  const [head = "", ...blocks] = text.trimEnd().split("\n\n");
  const [name = "", page = ""] = head.split(": ");
  return { name, page, mutants: blocks.map(parseMutant) };
}

function parseMutant(block: string): Mutant {
  const [says = "", ...lines] = block.split("\n");
  const of = (mark: string): string[] =>
    lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(2));
  const [[file], [survives], [tried]] = [of("@"), of("!"), of("=")];
  if (file === undefined || lines.some((line) => !/^[@?!=+-](?: |$)/.test(line))) {
    throw new Error(`not a mutant:\n${block}`);
  }
  const [, on = "", by] = /^(\S+) (.+)$/.exec(tried ?? "") ?? [];
  return {
    says,
    file,
    find: of("-").join("\n"),
    replace: of("+").join("\n"),
    tests: of("?"),
    ...(survives === undefined ? {} : { survives }),
    ...(tried === undefined ? {} : { tried: { on, by: by === survived ? undefined : by } }),
  };
}

export function formatPart({ name, page, mutants }: Part): string {
  return `${[`${name}: ${page}`, ...mutants.map(formatMutant)].join("\n\n")}\n`;
}

function formatMutant(mutant: Mutant): string {
  const { says, file, find, replace, tests, survives, tried } = mutant;
  return [
    says,
    `@ ${file}`,
    ...marked("-", find),
    ...(replace === "" ? [] : marked("+", replace)),
    ...tests.map((test) => `? ${test}`),
    ...(survives === undefined ? [] : [`! ${survives}`]),
    ...(tried === undefined ? [] : [`= ${tried.on} ${tried.by ?? survived}`]),
  ].join("\n");
}

/** Text as marked lines. An empty one has no space at its end. */
function marked(mark: string, text: string): string[] {
  return text.split("\n").map((line) => (line === "" ? mark : `${mark} ${line}`));
}
