/** A regular expression, taken apart: as much of ECMAScript's syntax as our sources use. */
export type RegexNode =
  | { readonly kind: "character"; readonly set: bigint }
  | { readonly kind: "start" | "end" | "empty" }
  | { readonly kind: "sequence" | "choice"; readonly nodes: readonly RegexNode[] }
  | { readonly kind: "look"; readonly node: RegexNode }
  | {
      readonly kind: "repeat";
      readonly node: RegexNode;
      readonly min: number;
      readonly max: number;
    };

/** Characters that stand for all: two that no class of ours tells apart need not both be here. */
export const samples: readonly string[] = [
  ...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)),
  ..."\u017f\u0430\u2028\u212a\u4e00\ud800\ufeff\uffff",
];

const brackets = /^\((?:\?(?:[:=!]|<[=!]|<\w+>))?/;

/** Throws for what it does not know; a backreference among it, which cannot be matched quickly. */
export function parseRegex({ source, flags }: RegExp): RegexNode {
  const parser = new Parser(source, flags);
  const node = parser.choice();
  if (!parser.done) throw new Error(`unread at ${parser.at} of /${source}/`);
  return node;
}

class Parser {
  readonly #source: string;
  readonly #flags: string;
  at = 0;

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#flags = flags;
  }

  get done(): boolean {
    return this.at >= this.#source.length;
  }

  choice(): RegexNode {
    const nodes = [this.#sequence()];
    while (this.#source[this.at] === "|") {
      this.at += 1;
      nodes.push(this.#sequence());
    }
    return nodes.length === 1 ? (nodes[0] as RegexNode) : { kind: "choice", nodes };
  }

  #sequence(): RegexNode {
    const nodes: RegexNode[] = [];
    while (!this.done && !"|)".includes(this.#source[this.at] as string)) {
      nodes.push(this.#quantified(this.#atom()));
    }
    return { kind: "sequence", nodes };
  }

  #atom(): RegexNode {
    const rest = this.#source.slice(this.at);
    const [open] = brackets.exec(rest) ?? [];
    if (open !== undefined) return this.#group(open);
    if (rest.startsWith("^")) return this.#assertion(1, "start");
    if (rest.startsWith("$")) return this.#assertion(1, "end");
    if (/^\\[bB]/.test(rest)) return this.#assertion(2, "empty");
    if (/^\\[1-9k]/.test(rest)) throw new Error(`a backreference in /${this.#source}/`);
    const length = this.#atomLength(rest);
    this.at += length;
    return { kind: "character", set: setOf(rest.slice(0, length), this.#flags) };
  }

  #assertion(length: number, kind: "start" | "end" | "empty"): RegexNode {
    this.at += length;
    return { kind };
  }

  #group(open: string): RegexNode {
    this.at += open.length;
    const node = this.choice();
    if (this.#source[this.at] !== ")") throw new Error(`no end of a group: /${this.#source}/`);
    this.at += 1;
    const isLook = /[=!]$/.test(open);
    return isLook ? { kind: "look", node } : node;
  }

  /** Of a class, an escape, or one character as it is. */
  #atomLength(rest: string): number {
    if (rest.startsWith("[")) {
      let end = 1;
      while (end < rest.length && rest[end] !== "]") end += rest[end] === "\\" ? 2 : 1;
      return end + 1;
    }
    const escaped = /^\\(?:u\{[^}]*\}|[pP]\{[^}]*\}|u.{4}|x..|c.|.)/s.exec(rest);
    return escaped?.[0].length ?? 1;
  }

  #quantified(node: RegexNode): RegexNode {
    const rest = this.#source.slice(this.at);
    const match = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(rest);
    if (match === null) return node;
    const [whole, sign, least, comma, most] = match;
    this.at += whole.length;
    const min = sign === undefined ? Number(least) : sign === "+" ? 1 : 0;
    const bounded = comma === "" ? min : most ? Number(most) : Number.POSITIVE_INFINITY;
    const max = sign === undefined ? bounded : sign === "?" ? 1 : Number.POSITIVE_INFINITY;
    return { kind: "repeat", node, min, max };
  }
}

/** Which of the samples a class or a single character takes, by the runtime's own word. */
function setOf(atom: string, flags: string): bigint {
  const pattern = new RegExp(`^(?:${atom})$`, flags.replace(/[gmyd]/g, ""));
  let set = 0n;
  for (const [index, sample] of samples.entries()) {
    if (pattern.test(sample)) set |= 1n << BigInt(index);
  }
  return set;
}
