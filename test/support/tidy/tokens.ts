/** A token of TypeScript, as coarse as the tidy rules need. */
export interface Token {
  readonly kind: "word" | "string" | "regex" | "punctuation";
  /** A string's text is what stands between its quotes; a regex comes with slashes and flags. */
  readonly text: string;
  readonly line: number;
}

/** Words after which a `/` begins a regular expression; after any other it divides. */
const beforeRegex = new Set(
  "return typeof case in of await yield throw delete void instanceof new else do".split(" "),
);

/** Splits source text into tokens; comments and white space are left out. */
export function tokensOf(source: string): Token[] {
  return new Scanner(source).scan();
}

class Scanner {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  /** For each template whose `${` is open: how many braces are open inside it. */
  readonly #templates: number[] = [];
  #at = 0;
  #line = 1;

  constructor(source: string) {
    this.#source = source;
  }

  scan(): Token[] {
    while (this.#at < this.#source.length) this.#next();
    return this.#tokens;
  }

  #next(): void {
    const rest = this.#source.slice(this.#at, this.#at + 2);
    const character = rest[0] ?? "";
    if (character.trim() === "") this.#skip(1);
    else if (rest === "//") this.#skipTo("\n", 0);
    else if (rest === "/*") this.#skipTo("*/", 2);
    else if (character === '"' || character === "'") this.#string(character);
    else if (character === "`") this.#template();
    else if (character === "/" && this.#regexMayBegin()) this.#regex();
    else if (/[\w$\u0080-\uffff]/.test(character)) this.#word();
    else this.#punctuation(rest);
  }

  #punctuation(rest: string): void {
    const open = this.#templates.length - 1;
    const depth = this.#templates[open];
    if (depth !== undefined && rest.startsWith("{")) this.#templates[open] = depth + 1;
    if (depth !== undefined && rest.startsWith("}")) {
      if (depth === 0) {
        this.#templates.pop();
        this.#add("punctuation", ")", 1);
        this.#templateText();
        return;
      }
      this.#templates[open] = depth - 1;
    }
    const text = rest === "=>" ? rest : (rest[0] ?? "");
    this.#add("punctuation", text, text.length);
  }

  #template(): void {
    this.#add("string", "", 1);
    this.#templateText();
  }

  /** Text of a template up to its end or the next `${`, which counts as an open parenthesis. */
  #templateText(): void {
    for (;;) {
      const character = this.#source[this.#at];
      if (character === undefined || character === "`") {
        this.#skip(1);
        return;
      }
      if (character === "$" && this.#source[this.#at + 1] === "{") {
        this.#templates.push(0);
        this.#add("punctuation", "(", 2);
        return;
      }
      this.#skip(character === "\\" ? 2 : 1);
    }
  }

  #string(quote: string): void {
    let end = this.#at + 1;
    while (end < this.#source.length && this.#source[end] !== quote) {
      end += this.#source[end] === "\\" ? 2 : 1;
    }
    this.#add("string", this.#source.slice(this.#at + 1, end), end + 1 - this.#at);
  }

  #word(): void {
    const [text = ""] = /^[\w$\u0080-\uffff]+/.exec(this.#source.slice(this.#at)) ?? [];
    this.#add("word", text, text.length);
  }

  #regexMayBegin(): boolean {
    const last = this.#tokens.at(-1);
    if (last === undefined) return true;
    if (last.kind === "word") return beforeRegex.has(last.text);
    return last.kind === "punctuation" && last.text !== ")" && last.text !== "]";
  }

  #regex(): void {
    let end = this.#at + 1;
    for (let inClass = false; end < this.#source.length; end += 1) {
      const character = this.#source[end];
      if (character === "\\") end += 1;
      else if (character === "[") inClass = true;
      else if (character === "]") inClass = false;
      else if ((character === "/" && !inClass) || character === "\n") break;
    }
    const [flags = ""] = /^[a-z]*/.exec(this.#source.slice(end + 1, end + 9)) ?? [];
    end += 1 + flags.length;
    this.#add("regex", this.#source.slice(this.#at, end), end - this.#at);
  }

  #add(kind: Token["kind"], text: string, length: number): void {
    this.#tokens.push({ kind, text, line: this.#line });
    this.#skip(length);
  }

  #skipTo(mark: string, extra: number): void {
    const found = this.#source.indexOf(mark, this.#at + extra);
    this.#skip(found === -1 ? this.#source.length - this.#at : found + extra - this.#at);
  }

  #skip(length: number): void {
    const end = Math.min(this.#source.length, this.#at + length);
    for (; this.#at < end; this.#at += 1) if (this.#source[this.#at] === "\n") this.#line += 1;
  }
}
