import type { Sources } from "./imports.ts";

/** What a port is told to do. A listener is told what has happened, so it has none of these. */
const orders: ReadonlySet<string> = new Set([
  "acknowledge",
  "announce",
  "begin",
  "close",
  "connect",
  "destroy",
  "drop",
  "end",
  "flush",
  "open",
  "pause",
  "post",
  "publish",
  "receive",
  "repeat",
  "resume",
  "send",
  "start",
  "stop",
  "subscribe",
  "write",
]);

/** Methods of interfaces named `…Listener` that are orders. */
export function listenerFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const [path, source] of sources) {
    for (const [, name, body = ""] of source.matchAll(
      /\binterface (\w*Listener)\b[^{]*\{\n([\s\S]*?)\n\}/g,
    )) {
      for (const [, method = ""] of body.matchAll(/^ {2}(?:readonly )?(\w+)\??[(:]/gm)) {
        if (orders.has(method)) faults.push(`${path}: ${name}.${method} is an order`);
      }
    }
  }
  return faults;
}

/** Names that a file exports as its own, and those that a door hands on. */
function exportsOf(source: string): string[] {
  const own = source.matchAll(/^export (?:interface|class|type|const|function) (\w+)/gm);
  const handed = [...source.matchAll(/^export (?:type )?\{([^}]*)\} from/gm)].flatMap(
    ([, names = ""]) => names.match(/\w+(?=,|\s*$)/gm) ?? [],
  );
  return [...Array.from(own, ([, name = ""]) => name), ...handed];
}

/**
 * Words of the origin library that mean something else in the core: a reader would take one for
 * the other. `shared` may be used by both.
 */
export function wordFaults(sources: Sources, shared: ReadonlySet<string>): string[] {
  const library = new Set(exportsOf(sources.get("adapters/origin/mod.ts") ?? ""));
  const faults: string[] = [];
  for (const [path, source] of sources) {
    if (!path.startsWith("core/") || path.endsWith("/mod.ts")) continue;
    for (const name of exportsOf(source)) {
      if (library.has(name) && !shared.has(name)) {
        faults.push(`${path}: ${name} is a word of the origin library`);
      }
    }
  }
  return faults;
}

/** Files that ask the clock for the time of day and are not in `allowed`, or are there in vain. */
export function timeOfDayFaults(sources: Sources, allowed: ReadonlySet<string>): string[] {
  const asking = new Set<string>();
  for (const [path, source] of sources) if (/[cC]lock\.now\(\)/.test(source)) asking.add(path);
  return [...asking]
    .filter((path) => !allowed.has(path))
    .concat([...allowed].filter((path) => !asking.has(path)).map((path) => `${path}: in vain`));
}
