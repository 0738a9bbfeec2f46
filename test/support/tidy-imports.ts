import { dirname, join } from "node:path/posix";
import { type Token, tokensOf } from "./tidy-tokens.ts";

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

/** Direction of imports: an area may ask only for those of a lower rank, and for itself. */
const ranks: readonly (readonly [area: string, rank: number])[] = [
  ["core/base", 0],
  ["core/ports", 2],
  ["core/websocket", 3],
  ["core/config", 3],
  ["core", 4],
  ["wasm", 5],
  ["adapters", 5],
  ["examples", 6],
  ["runtimes", 7],
  ["test", 8],
];

/** The area of a file; each folder below adapters is one of its own. */
function areaOf(path: string): readonly [area: string, rank: number] | undefined {
  const entry = ranks.find(([area]) => path.startsWith(`${area}/`));
  if (entry?.[0] !== "adapters") return entry;
  return [path.split("/").slice(0, 2).join("/"), entry[1]];
}

export type Sources = ReadonlyMap<string, string>;

/** Where imports go against the direction, past a door, or to a package that is not theirs. */
export function importFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const [path, source] of sources) {
    for (const specifier of specifiersOf(source)) {
      const fault = specifier.startsWith(".")
        ? relativeFault(path, join(dirname(path), specifier))
        : packageFault(path, specifier);
      if (fault !== undefined) faults.push(`${path}: ${fault} (${specifier})`);
    }
  }
  return [...faults, ...mqttFaults(sources)];
}

/** Puts adapters together as `runtimes/` does, in programs that are not ours. */
const compositionRoot = "adapters/origin/api/connect-origin.ts";

/** The library speaks to a broker by the same link and topics as a node does. */
const shared = new Set(["adapters/mqtt/link/mod.ts", "adapters/mqtt/wire/mod.ts"]);

function relativeFault(path: string, target: string): string | undefined {
  if (path === compositionRoot && /^adapters\/\w+\/mod\.ts$/.test(target)) return undefined;
  if (path.startsWith("adapters/origin/") && shared.has(target)) return undefined;
  const from = areaOf(path);
  const to = areaOf(target);
  if (from === undefined) return undefined;
  if (to === undefined) return from[0] === "test" ? undefined : "imports what is no source folder";
  if (from[0] !== to[0] && to[1] >= from[1]) return `${from[0]} must not import ${to[0]}`;
  if (from[0] === "test") return undefined;
  const sameFolder = dirname(path) === dirname(target);
  // What is inside a folder may know the files beside that folder.
  const upwards = from[0] === to[0] && dirname(path).startsWith(`${dirname(target)}/`);
  // An example is a program of its own, without a door; runtimes show one.
  if (to[0] === "examples" || target.endsWith("/mod.ts")) return undefined;
  if (sameFolder || upwards || target.includes("/generated/")) return undefined;
  return "past the door of another folder";
}

function packageFault(path: string, specifier: string): string | undefined {
  if (!path.startsWith("core/") || specifier === "valibot") return undefined;
  return "core imports nothing but core and valibot";
}

function mqttFaults(sources: Sources): string[] {
  const importers = [...sources]
    .filter(([path]) => !path.startsWith("test/"))
    .filter(([, source]) => specifiersOf(source).some((name) => /^mqtt(\/|$)/.test(name)))
    .map(([path]) => path);
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
