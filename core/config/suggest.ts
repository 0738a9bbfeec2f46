/** A name that differs by a slip or two, for "did you mean"; undefined where none is near. */
export function suggest(said: string, names: Iterable<string>): string | undefined {
  // What is longer than any name is no slip, and comparing costs the product of the lengths.
  if (said.length > 64) return undefined;
  let best: string | undefined;
  let least = Math.max(2, Math.floor(said.length / 3)) + 1;
  for (const name of names) {
    const slips = name.startsWith(said) && said.length > 2 ? 1 : distance(said, name);
    if (slips >= least) continue;
    best = name;
    least = slips;
  }
  return best;
}

/** Levenshtein's: characters to put in, take out or replace. */
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
