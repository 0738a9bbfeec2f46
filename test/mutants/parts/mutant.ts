/** One deliberate fault in the product, the sentence that it makes false, and who finds it. */
export interface Mutant {
  /** An excerpt of the page, word by word. */
  readonly says: string;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test files that find it, the quickest first. */
  readonly tests: readonly string[];
  /** Why no test finds it; only where that is known and accepted. */
  readonly survives?: string;
}

/** Mutants of one part of the product. `npm run mutants -- NAME` runs them alone. */
export interface Part {
  readonly name: string;
  /** What the sentences stand in: a page, or all pages of a folder such as `docs/protocol`. */
  readonly page: string;
  readonly mutants: readonly Mutant[];
}

/** Why a mutant cannot be applied to this text; undefined where it can. */
export function staleness({ find, replace }: Mutant, source: string): string | undefined {
  const count = source.split(find).length - 1;
  if (count !== 1) return `the text stands ${count} times in the file`;
  return find === replace ? "the mutant changes nothing" : undefined;
}

/** The file's text with the fault in it. */
export function applied(mutant: Mutant, source: string): string {
  const stale = staleness(mutant, source);
  if (stale !== undefined) throw new Error(`${mutant.file}: ${stale}: ${mutant.find}`);
  // A function, because `$` in a replacement would have a meaning.
  return source.replace(mutant.find, () => mutant.replace);
}

/** Text as a sentence is compared: what breaks a line does not count. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}
