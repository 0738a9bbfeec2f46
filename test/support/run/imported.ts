import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const importPattern = /\b(?:from|import) "([^"]+)"/g;
const known = new Map<string, readonly string[]>();

/** A file and what it imports from the project, itself or by way of others. */
export function filesBehind(file: string): ReadonlySet<string> {
  const seen = new Set<string>([file]);
  for (const path of seen) for (const name of importsOf(path)) if (isPath(name)) seen.add(name);
  return seen;
}

/** The modules of others, such as `node:net`, that a file and its imports need. */
export function specifiersBehind(file: string): ReadonlySet<string> {
  const names = [...filesBehind(file)].flatMap(importsOf);
  return new Set(names.filter((name) => !isPath(name)));
}

const isPath = (name: string): boolean => name.endsWith(".ts");

function importsOf(file: string): readonly string[] {
  let names = known.get(file);
  if (names === undefined) {
    names = [...textOf(file).matchAll(importPattern)].map(([, name = ""]) =>
      name.startsWith(".") ? join(dirname(file), name) : name,
    );
    known.set(file, names);
  }
  return names;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // An import in the text of a test, say.
    return "";
  }
}
