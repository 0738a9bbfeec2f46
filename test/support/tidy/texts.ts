import { dirname } from "node:path/posix";
import { functionsOf } from "./functions.ts";
import type { Sources } from "./imports.ts";
import { tokensOf } from "./tokens.ts";

// House rule 11: "under" each of these.
const fileLinesEnd = 450;
/** A longer file is not wrong; the tidy test prints it. */
const fileLinesUsual = 300;
const functionLinesEnd = 70;
const lineColumnsEnd = 100;

const linesOf = (source: string): string[] => source.replace(/\n$/, "").split("\n");
/** Vectors are tables of data, as long as their cases are many. */
const isTable = (path: string): boolean => path.startsWith("test/vectors/");

/** Files that are longer than most, longest first. */
export function longFiles(sources: Sources): string[] {
  return Array.from(sources, ([path, source]) => ({ path, lines: linesOf(source).length }))
    .filter(({ path, lines }) => lines > fileLinesUsual && !isTable(path))
    .sort((a, b) => b.lines - a.lines)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
}

export function sizeFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const [path, source] of sources) {
    const lines = linesOf(source);
    if (lines.length >= fileLinesEnd && !isTable(path)) {
      faults.push(`${path}: ${lines.length} lines`);
    }
    for (const [index, line] of lines.entries()) {
      const columns = [...line].length;
      if (columns >= lineColumnsEnd) faults.push(`${path}:${index + 1}: ${columns} columns`);
    }
    for (const span of functionsOf(source)) {
      // A suite is a list of tests: each of them counts for itself.
      const lines = path.startsWith("test/") ? span.ownLines : span.lines;
      if (lines < functionLinesEnd) continue;
      faults.push(`${path}:${span.line}: ${span.name} has ${lines} lines`);
    }
  }
  return faults;
}

/** Marks of what is not done; in two parts here, so that this file has none. */
const undone = new RegExp(`\\b(${"TO"}${"DO"}|${"FIX"}${"ME"}|${"X"}${"XX"})\\b`);
/** Folders of whoever's machine it was written on. */
const machinePath = new RegExp(`(^|[\\s"'\`(=])/(${"wo"}rk|${"tm"}p|${"ro"}ot|${"ho"}me)/`);

/** Rules for every file of text, documents and settings too. */
export function textFaults(texts: Sources): string[] {
  const faults: string[] = [];
  for (const [path, text] of texts) {
    for (const [index, line] of text.split("\n").entries()) {
      const place = `${path}:${index + 1}`;
      if (undone.test(line)) faults.push(`${place}: says what is not done`);
      if (machinePath.test(line) && !path.startsWith("test/"))
        faults.push(`${place}: names a path`);
    }
  }
  const lock = texts.get("package-lock.json") ?? "";
  if (/"resolved":/.test(lock)) faults.push("package-lock.json: names a registry");
  return faults;
}

/** The top level is fixed; files whose names begin with a dot are settings of tools. */
const topLevel = new Set([
  "core",
  "runtimes",
  "wasm",
  "adapters",
  "test",
  "docs",
  "examples",
  "deno.json",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "biome.json",
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
  "node_modules",
  "dist",
]);

export function topLevelFaults(names: readonly string[]): string[] {
  return names.filter((name) => !name.startsWith(".") && !topLevel.has(name));
}

/** Objects of limits, wherever they stand: `limits`, `batchLimits`. */
const limitsDeclared = /^export const (limits|\w+Limits) = \{\n([\s\S]*?)^\}/gm;

/** Limits that nothing reads limit nothing. */
export function limitFaults(sources: Sources): string[] {
  const declared: string[] = [];
  const used = new Set<string>();
  for (const [path, source] of sources) {
    if (path.startsWith("test/")) continue;
    for (const [, object, members = ""] of source.matchAll(limitsDeclared)) {
      for (const [, name] of members.matchAll(/^ {2}(\w+):/gm)) declared.push(`${object}.${name}`);
    }
    const tokens = tokensOf(source).map(({ text }) => text);
    for (const [index, object] of tokens.entries()) {
      if (object !== "limits" && !object.endsWith("Limits")) continue;
      if (tokens[index + 1] === ".") used.add(`${object}.${tokens[index + 2]}`);
      // `const { aMax, bMax } = limits`
      if (tokens[index - 1] !== "=" || tokens[index - 2] !== "}") continue;
      for (let at = index - 3; at >= 0 && tokens[at] !== "{"; at--) {
        used.add(`${object}.${tokens[at]}`);
      }
    }
  }
  return declared.filter((name) => !used.has(name));
}

/** Codes of the table in docs/errors.md with what is sent to the client, as written. */
export function documentedErrors(markdown: string): Map<string, string> {
  const rows = markdown.matchAll(/^\| `([a-z0-9-]+)` \|[^|]*\| ([^|]*) \|[^|]*\|$/gm);
  return new Map([...rows].map(([, code = "", sent = ""]) => [code, sent]));
}

export function errorFaults(codes: readonly string[], markdown: string): string[] {
  const documented = documentedErrors(markdown);
  return [
    ...codes.filter((code) => !documented.has(code)).map((code) => `${code} is not documented`),
    ...[...documented.keys()]
      .filter((code) => !codes.includes(code))
      .map((code) => `${code} is documented and does not exist`),
  ];
}

const filesPerFolderMax = 15;

/** Folders with more files than one looks through. */
export function folderFaults(sources: Sources): string[] {
  const counts = new Map<string, number>();
  for (const path of sources.keys()) {
    counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > filesPerFolderMax)
    .map(([folder, count]) => `${folder} has ${count} files`);
}

const testName = /^[a-z0-9]+(-[a-z0-9]+)*(\.(once|nightly|node|bun|deno))?\.test\.ts$/;

/** Unit tests that do not stand where their code does, and names of no pattern. */
export function testFaults(paths: Iterable<string>): string[] {
  const all = [...paths];
  const faults: string[] = [];
  for (const path of all) {
    if (!path.startsWith("test/") || !path.endsWith(".test.ts")) continue;
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (!testName.test(name)) faults.push(`${path}: the name is not like some-thing.test.ts`);
    if (!path.startsWith("test/unit/")) continue;
    const room = dirname(path.slice("test/unit/".length));
    // What holds the repository itself to its rules.
    if (room === "house") continue;
    if (!all.some((other) => other.startsWith(`${room}/`))) {
      faults.push(`${path}: there is no folder ${room}`);
    }
  }
  return faults;
}
