import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path/posix";

/** What is made, fetched or kept by tools. */
const skipped = new Set([".git", "node_modules", "dist", "generated"]);
const textFile = /(\.(ts|mjs|json|md|sh|yml|yaml|html|css|svg|py)|\/run|LICENSE|\.npmrc)$/;

/** Every file of text below the root, by its path. */
export function readTexts(folder: string = "."): Map<string, string> {
  const texts = new Map<string, string>();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !skipped.has(entry.name)) {
      for (const [inner, text] of readTexts(path)) texts.set(inner, text);
    } else if (entry.isFile() && textFile.test(path)) {
      texts.set(path, readFileSync(path, "utf8"));
    }
  }
  return texts;
}

export function only(texts: ReadonlyMap<string, string>, pattern: RegExp): Map<string, string> {
  return new Map([...texts].filter(([path]) => pattern.test(path)));
}
