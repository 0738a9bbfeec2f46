import { dirname, join } from "node:path/posix";
import { mayImport, roomOf } from "./rooms.ts";
import { type Token, tokensOf } from "./tokens.ts";

/** What a file asks for by `import`, `export … from` or `import()`. */
export function specifiersOf(source: string): string[] {
  const tokens = tokensOf(source);
  const found: string[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "word") continue;
    const before = tokens[index - 1]?.text;
    if (before === ".") continue;
    const next = tokens[index + 1];
    if (token.text === "from" && next?.kind === "string") found.push(next.text);
    if (token.text !== "import") continue;
    if (next?.kind === "string") found.push(next.text);
    const argument = tokens[index + 2];
    if (next?.text === "(" && argument?.kind === "string") found.push(argument.text);
  }
  return found;
}

export function hasDefaultExport(source: string): boolean {
  const tokens = tokensOf(source);
  return tokens.some(
    (token, index) =>
      isWord(token, "default") && ["export", "as"].includes(tokens[index - 1]?.text ?? ""),
  );
}

const isWord = (token: Token | undefined, text: string): boolean =>
  token?.kind === "word" && token.text === text;

export type Sources = ReadonlyMap<string, string>;

const imports = new WeakMap<Sources, Map<string, string[]>>();

/** What one of the files asks for. Each is read once. */
export function importsOf(sources: Sources, path: string): readonly string[] {
  const known = imports.get(sources) ?? new Map<string, string[]>();
  imports.set(sources, known);
  const found = known.get(path) ?? specifiersOf(sources.get(path) ?? "");
  known.set(path, found);
  return found;
}

/** Where imports go against the direction, past a door, or to a package that is not theirs. */
export function importFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const path of sources.keys()) {
    for (const specifier of importsOf(sources, path)) {
      const fault = specifier.startsWith(".")
        ? relativeFault(path, join(dirname(path), specifier))
        : packageFault(path, specifier);
      if (fault !== undefined) faults.push(`${path}: ${fault} (${specifier})`);
    }
  }
  return [...faults, ...mqttFaults(sources)];
}

function relativeFault(path: string, target: string): string | undefined {
  if (/^(test|\.ci)\//.test(path)) return undefined;
  const from = roomOf(path);
  const to = roomOf(target);
  if (from === undefined) return "stands in no room";
  if (to === undefined) return "imports what is no source folder";
  if (from !== to && !mayImport(from, to)) return `${from} must not import ${to}`;
  const sameFolder = dirname(path) === dirname(target);
  // What is inside a folder may know the files beside it.
  const upwards = dirname(path).startsWith(`${dirname(target)}/`);
  // An example is a program of its own, without a door; runtimes show one.
  if (to === "examples" || target.endsWith("/mod.ts")) return undefined;
  if (sameFolder || upwards || target.includes("/generated/")) return undefined;
  return "past the door of another folder";
}

function packageFault(path: string, specifier: string): string | undefined {
  if (!path.startsWith("core/") || specifier === "valibot") return undefined;
  return "core imports nothing but core and valibot";
}

function mqttFaults(sources: Sources): string[] {
  const importers = [...sources.keys()]
    .filter((path) => !path.startsWith("test/"))
    .filter((path) => importsOf(sources, path).some((name) => /^mqtt(\/|$)/.test(name)));
  return importers.length > 1 ? [`more than one file imports mqtt: ${importers.join(", ")}`] : [];
}

/** Names of one runtime, or of two out of three. `core/` runs anywhere, and nobody sniffs. */
const runtimeNames: readonly (readonly [names: RegExp, where: RegExp])[] = [
  [/^(process|Buffer|setImmediate|require|__dirname|__filename|Bun|Deno|NodeJS)$/, /^core\//],
  [/^Bun$/, /^(?!runtimes\/bun\/|test\/)/],
  [/^Deno$/, /^(?!runtimes\/deno\/|test\/)/],
];

export function runtimeFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const [path, source] of sources) {
    const forbidden = runtimeNames.filter(([, where]) => where.test(path));
    const tokens = tokensOf(source);
    for (const [index, { kind, text, line }] of tokens.entries()) {
      // `x.process` and `process:` are an object's own.
      if (tokens[index - 1]?.text === "." || tokens[index + 1]?.text === ":") continue;
      const named = kind === "word" && forbidden.some(([names]) => names.test(text));
      if (named) faults.push(`${path}:${line}: ${text}`);
    }
  }
  return faults;
}

/** A door holds named re-exports and nothing else. */
export function doorFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const [path, source] of sources) {
    if (/(^|\/)index\.ts$/.test(path)) faults.push(`${path}: a folder's door is mod.ts`);
    if (hasDefaultExport(source)) faults.push(`${path}: has a default export`);
    if (!path.endsWith("/mod.ts") || path.startsWith("test/")) continue;
    const code = tokensOf(source).map((token) => (token.kind === "string" ? '""' : token.text));
    if (!/^(export (type )?\{ [^{}*;]* \} from "" ; )*$/.test(`${code.join(" ")} `)) {
      faults.push(`${path}: a door holds named re-exports only`);
    }
  }
  return faults;
}

/**
 * The language's own `#name` is private at run time too. A constructor has no such form, so
 * `private constructor` is allowed: it is for classes that a static method makes.
 */
export function privateFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const [path, source] of sources) {
    const tokens = tokensOf(source);
    for (const [index, token] of tokens.entries()) {
      const next = tokens[index + 1];
      if (!isWord(token, "private") || next?.kind !== "word" || next.text === "constructor")
        continue;
      faults.push(`${path}:${token.line}: private ${next.text}`);
    }
  }
  return faults;
}
