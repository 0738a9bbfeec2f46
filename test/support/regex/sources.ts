import { tokensOf } from "../tidy/tokens.ts";

/** A regular expression that stands in a source file. */
export interface FoundRegex {
  readonly place: string;
  readonly pattern: RegExp;
}

/** Every literal of a source file. */
export function literalsOf(path: string, source: string): FoundRegex[] {
  return tokensOf(source.replace(/^#!.*/, ""))
    .filter(({ kind }) => kind === "regex")
    .map(({ text, line }) => {
      const end = text.lastIndexOf("/");
      const pattern = new RegExp(text.slice(1, end), text.slice(end + 1));
      return { place: `${path}:${line}`, pattern };
    });
}

/** Lines where an expression is made of a text, which no reading of literals finds. */
export function constructedIn(path: string, source: string): string[] {
  const tokens = tokensOf(source);
  const found: string[] = [];
  for (const [index, { text, kind, line }] of tokens.entries()) {
    const next = tokens[index + 1];
    const isCall = next?.text === "(" && next.kind === "punctuation";
    // `match` and `search` make an expression of a text as well.
    const fromText =
      /^(match|matchAll|search)$/.test(text) && tokens[index + 2]?.kind === "string";
    const named = tokens[index - 1]?.text === ".";
    if (kind !== "word" || !isCall) continue;
    if (text === "RegExp" || (named && fromText)) found.push(`${path}:${line}`);
  }
  return found;
}

/** Every expression that can be reached from a value, as in the schemas of settings. */
export function expressionsWithin(value: unknown, seen: Set<unknown> = new Set()): RegExp[] {
  if (typeof value !== "object" || value === null || seen.has(value)) return [];
  seen.add(value);
  if (value instanceof RegExp) return [value];
  return Object.values(value).flatMap((inner) => expressionsWithin(inner, seen));
}
