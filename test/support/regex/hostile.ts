import { RegexAutomaton } from "./automaton.ts";
import { samples } from "./tree.ts";

/** A text that leads to a repetition, and one that the repetition takes again and again. */
export interface HostileWord {
  readonly prefix: string;
  readonly pump: string;
}

/** For each repetition of an expression, and for its beginning, what keeps it busy longest. */
export function hostileWords(pattern: RegExp): HostileWord[] {
  const { places } = new RegexAutomaton(pattern);
  const taken = samples.map((_, index) => {
    const bit = 1n << BigInt(index);
    return places.filter(({ set }) => (set & bit) !== 0n).length;
  });
  /** What each place takes: rather what many others take as well. */
  const best = places.map(({ set }) => {
    let index = -1;
    for (const [at, count] of taken.entries()) {
      if (count > (taken[index] ?? 0) && ((set >> BigInt(at)) & 1n) === 1n) index = at;
    }
    return samples[index] ?? "";
  });
  /** The shortest texts from a place to all others, and back to itself. */
  const wordsFrom = (from: number): Map<number, string> => {
    const words = new Map<number, string>();
    const todo: [place: number, word: string][] = [[from, ""]];
    for (const [at, word] of todo) {
      for (const next of places[at]?.next.keys() ?? []) {
        if (words.has(next)) continue;
        const longer = word + best[next];
        words.set(next, longer);
        todo.push([next, longer]);
      }
    }
    return words;
  };
  const found: HostileWord[] = [];
  for (const [place, prefix] of [[0, ""] as const, ...wordsFrom(0)]) {
    const pump = wordsFrom(place).get(place);
    if (pump !== undefined) found.push({ prefix, pump });
    // Many beginnings, each of which may be gone into.
    if (prefix !== "") found.push({ prefix: "", pump: prefix });
  }
  return found;
}
