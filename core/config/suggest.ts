/** The name closest to a misspelt one, for "did you mean"; undefined if none is close. */
export function suggest(word: string, names: Iterable<string>): string | undefined {
  // No name is that long, and the comparison costs the product of the lengths.
  if (word.length > 64) return undefined;
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const slips = name.startsWith(word) && word.length > 2 ? 1 : distance(word, name);
    if (slips >= least) continue;
    best = name;
    least = slips;
  }
  return best;
}

/** The Levenshtein distance: how many characters are inserted, removed or replaced. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [index, character] of [...a].entries()) {
    const next = [index + 1];
    for (let at = 0; at < b.length; at++) {
      const replaced = (row[at] as number) + (character === b[at] ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] as number) + 1, (next[at] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
