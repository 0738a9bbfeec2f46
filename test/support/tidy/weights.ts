import { only } from "./files.ts";

/** Of README.md and the pages in `docs/`, with code and tables. A feature adds up to 4,000. */
export const docsWordsMax = 70_000;
export const pageWordsMax = 4_000;

/** Tables for looking things up: such a page may be as long as its rows. */
const references: ReadonlySet<string> = new Set([
  "docs/errors.md",
  "docs/operating/monitoring.md",
  "docs/operating/settings.md",
  "docs/performance.md",
  "docs/protocol/bytes.md",
]);

const page = /^(docs\/.*\.md|README\.md)$/;
const source = /^(core|adapters|runtimes|wasm)\/.*\.ts$/;
const tests = /^test\/.*\.ts$/;

type Texts = ReadonlyMap<string, string>;

const wordsOf = (text: string): number => text.split(/\s+/).filter((word) => word !== "").length;

/** Lines that are not blank. */
const linesOf = (text: string): number =>
  text.split("\n").filter((line) => line.trim() !== "").length;

export interface Weights {
  /** Words by page, README first where it weighs most. */
  readonly pages: ReadonlyMap<string, number>;
  /** Lines of source by room, such as `core/events`. */
  readonly rooms: ReadonlyMap<string, number>;
  /** Lines of tests by folder, such as `test/unit`. */
  readonly tests: ReadonlyMap<string, number>;
}

export function weightsOf(texts: Texts): Weights {
  const pages = [...only(texts, page)].map(([path, text]): [string, number] => {
    return [path, wordsOf(text)];
  });
  return {
    pages: heaviestFirst(pages),
    rooms: byFolder(only(texts, source)),
    tests: byFolder(only(texts, tests)),
  };
}

function byFolder(texts: Texts): Map<string, number> {
  const lines = new Map<string, number>();
  for (const [path, text] of texts) {
    const [top = "", second = ""] = path.split("/");
    const name = second.endsWith(".ts") ? top : `${top}/${second}`;
    lines.set(name, (lines.get(name) ?? 0) + linesOf(text));
  }
  return heaviestFirst([...lines]);
}

const heaviestFirst = (counts: [string, number][]): Map<string, number> =>
  new Map(counts.sort(([, one], [, other]) => other - one));

export const sumOf = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

/** What is over its budget: each a sentence. */
export function overweight({ pages }: Weights): string[] {
  const faults = [...pages]
    .filter(([path, words]) => words > pageWordsMax && !references.has(path))
    .map(([path, words]) => `${path} has ${words} words, more than ${pageWordsMax}`);
  const all = sumOf(pages);
  if (all > docsWordsMax) faults.push(`the docs have ${all} words, more than ${docsWordsMax}`);
  return faults;
}
