import { limits } from "../base/mod.ts";

/**
 * Keeps one of equal texts, so that many connections with the same text share its memory. It knows
 * `limits.alikeTextsMax` of them. Past that it forgets them all: who has one keeps it.
 */
export class AlikeTexts {
  readonly #texts: Map<string, string> = new Map();

  /** Texts that it knows. */
  get size(): number {
    return this.#texts.size;
  }

  /** An equal text that came before, or this one. */
  of(text: string): string {
    if (text.length > limits.alikeTextCharsMax) return text;
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= limits.alikeTextsMax) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
