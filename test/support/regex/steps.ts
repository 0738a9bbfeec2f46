import { parseRegex, type RegexNode, samples } from "./tree.ts";

type Continue = (at: number) => boolean;

/** A matcher that backtracks as ECMAScript's does, and counts the characters it looks at. */
export class CountingMatcher {
  readonly #node: RegexNode;
  readonly #pattern: RegExp;
  readonly #indexOf: ReadonlyMap<string, number> = new Map(
    samples.map((sample, index) => [sample, index]),
  );
  #text = "";
  #steps = 0;
  #stepsMax = 0;

  constructor(pattern: RegExp) {
    this.#pattern = pattern;
    this.#node = parseRegex(pattern);
  }

  /** Whether the expression is found in a text of the samples; undefined past so many steps. */
  test(text: string, stepsMax: number = Number.POSITIVE_INFINITY): boolean | undefined {
    this.#text = text;
    this.#steps = 0;
    this.#stepsMax = stepsMax;
    const last = this.#pattern.sticky ? 0 : text.length;
    let found = false;
    for (let start = 0; start <= last && !found && !this.#spent; start++) {
      this.#steps += 1;
      found = this.#match(this.#node, start, () => true);
    }
    return this.#spent ? undefined : found;
  }

  get #spent(): boolean {
    return this.#steps > this.#stepsMax;
  }

  #match(node: RegexNode, at: number, go: Continue): boolean {
    switch (node.kind) {
      case "character": {
        this.#steps += 1;
        if (this.#spent) return false;
        const index = this.#indexOf.get(this.#text[at] ?? "");
        return index !== undefined && ((node.set >> BigInt(index)) & 1n) === 1n && go(at + 1);
      }
      case "start":
        return (at === 0 || (this.#pattern.multiline && this.#text[at - 1] === "\n")) && go(at);
      case "end":
        return at === this.#text.length && go(at);
      case "empty":
        return go(at);
      case "sequence":
        return this.#sequence(node.nodes, at, go);
      case "choice":
        return node.nodes.some((inner) => this.#match(inner, at, go));
      case "look":
        return this.#match(node.node, at, () => true) !== node.negative && go(at);
      case "repeat":
        return this.#repeat(node, { at, count: 0, go });
    }
  }

  #sequence(nodes: readonly RegexNode[], at: number, go: Continue): boolean {
    const [first, ...rest] = nodes;
    if (first === undefined) return go(at);
    return this.#match(first, at, (next) => this.#sequence(rest, next, go));
  }

  #repeat(
    node: RegexNode & { kind: "repeat" },
    { at, count, go }: { readonly at: number; readonly count: number; readonly go: Continue },
  ): boolean {
    const more = (): boolean =>
      count < node.max &&
      this.#match(node.node, at, (next) => {
        // RepeatMatcher: a repetition that takes nothing is none.
        if (next === at && count >= node.min) return false;
        return this.#repeat(node, { at: next, count: count + 1, go });
      });
    if (count < node.min) return more();
    return node.lazy ? go(at) || more() : more() || go(at);
  }
}
