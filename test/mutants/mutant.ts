/** One deliberate fault in the product, the sentence that it makes false, and who finds it. */
export interface Mutant {
  /** What is promised, in one line. */
  readonly says: string;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test files that find it, the quickest first. */
  readonly tests: readonly string[];
  /** Why no test finds it; only where that is known and accepted. */
  readonly survives?: string;
  /** What the last run came to; none since the fault was written or changed. */
  readonly tried?: Tried;
}

export interface Tried {
  /** The day, such as `2026-11-26`; `earlier` before days were noted. */
  readonly on: string;
  /** The test file that failed; undefined: the mutant survived. */
  readonly by: string | undefined;
}

/** Mutants of one part of the product. `npm run mutants -- NAME` runs them alone. */
export interface Part {
  readonly name: string;
  /** Where the docs tell of this part: a page, or a folder of pages. */
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
