import { type Token, tokensOf } from "./tokens.ts";

export interface FunctionSpan {
  readonly name: string;
  readonly line: number;
  /** From its head to its closing brace. */
  readonly lines: number;
  /** Those of them that are not inside a function within it. */
  readonly ownLines: number;
}

const control = new Set(["if", "for", "while", "switch", "catch", "with"]);
/** Words and signs that never stand between a parameter list's `):` and the body's `{`. */
const noType = new Set(
  "; = class interface enum namespace return const let var if else do try finally".split(" "),
);
/** What stands before the `{` of a type that is written in place. */
const beforeTypeLiteral = new Set([":", "|", "&", "<", ",", "[", "=>", "is"]);

/** Every function, method and arrow function with a body, found by its braces. */
export function functionsOf(source: string): FunctionSpan[] {
  const tokens = tokensOf(source);
  const partner = partnersOf(tokens);
  const spans: FunctionSpan[] = [];
  for (const [index, token] of tokens.entries()) {
    const end = partner.get(index);
    if (token.kind !== "punctuation" || token.text !== "{" || end === undefined) continue;
    const head = headOf(tokens, partner, index);
    if (head === undefined) continue;
    const lines = (tokens[end]?.line ?? 0) - head.line + 1;
    spans.push({ name: head.name, line: head.line, lines, ownLines: lines });
  }
  return spans.map((span) => ({ ...span, ownLines: span.lines - innerLines(span, spans) }));
}

/** Lines of the functions that begin and end inside another, each line once. */
function innerLines(outer: FunctionSpan, spans: readonly FunctionSpan[]): number {
  const end = outer.line + outer.lines - 1;
  const inside = new Set<number>();
  for (const { line, lines } of spans) {
    const innerEnd = line + lines - 1;
    if (line <= outer.line || innerEnd >= end) continue;
    for (let at = line; at <= innerEnd; at += 1) inside.add(at);
  }
  return inside.size;
}

const closers: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** For each bracket the index of its other one. */
function partnersOf(tokens: readonly Token[]): Map<number, number> {
  const partner = new Map<number, number>();
  const open: number[] = [];
  for (const [index, { kind, text }] of tokens.entries()) {
    if (kind !== "punctuation") continue;
    if ("([{".includes(text)) open.push(index);
    if (closers[text] === undefined) continue;
    const start = open.pop();
    if (start === undefined) continue;
    partner.set(start, index);
    partner.set(index, start);
  }
  return partner;
}

type Partners = ReadonlyMap<number, number>;
type Head = { readonly name: string; readonly line: number };

/** The head of the function whose body begins at `brace`; undefined where it is no function. */
function headOf(tokens: readonly Token[], partner: Partners, brace: number): Head | undefined {
  const last = tokens[brace - 1];
  if (last === undefined) return undefined;
  if (last.text === "=>") {
    const before = parametersEnd(tokens, partner, brace - 2);
    const start = tokens[before === undefined ? brace - 2 : (partner.get(before) ?? brace)];
    return { name: "an arrow function", line: start?.line ?? last.line };
  }
  const close = parametersEnd(tokens, partner, brace - 1);
  const open = close === undefined ? undefined : partner.get(close);
  if (open === undefined) return undefined;
  const name = tokens[nameBefore(tokens, open)];
  const first = name?.text === "await" ? tokens[open - 2] : name;
  if (name === undefined || control.has(first?.text ?? "")) return undefined;
  return { name: name.text, line: name.line };
}

/** Where the name before a parameter list stands: type parameters are passed over. */
function nameBefore(tokens: readonly Token[], open: number): number {
  let at = open - 1;
  for (let depth = 0; at > 0; at -= 1) {
    const text = tokens[at]?.text;
    if (text === ">") depth += 1;
    if (text === "<") depth -= 1;
    if (depth === 0 && text !== "<") break;
  }
  return at;
}

/** From what precedes a body back over a return type to the `)` of the parameters. */
function parametersEnd(
  tokens: readonly Token[],
  partner: Partners,
  from: number,
): number | undefined {
  if (tokens[from]?.kind === "punctuation" && tokens[from]?.text === ")") return from;
  for (let at = from; at > 0; at -= 1) {
    const token = tokens[at];
    if (token === undefined || (token.kind !== "string" && noType.has(token.text)))
      return undefined;
    if (token.text === ":" && tokens[at - 1]?.text === ")")
      return at === from ? undefined : at - 1;
    if (token.kind !== "punctuation") continue;
    if ("([{".includes(token.text)) return undefined;
    const open = closers[token.text] === undefined ? undefined : partner.get(at);
    if (open === undefined) continue;
    if (token.text === "}" && !beforeTypeLiteral.has(tokens[open - 1]?.text ?? ""))
      return undefined;
    at = open;
  }
  return undefined;
}
