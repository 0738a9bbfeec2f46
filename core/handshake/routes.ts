import type { Route } from "../base/mod.ts";

/** The app of a path, with the path's parameters. */
export interface RouteDestination {
  readonly app: string;
  /** Parameters by name, percent-decoded. `*` is the rest of the path. */
  readonly params: Readonly<Record<string, string>>;
}

interface Compiled {
  readonly app: string;
  readonly segments: readonly string[];
}

/** Chooses the app by the path: the first pattern that matches. */
export class Routes {
  readonly #routes: readonly Compiled[];
  readonly #otherwise: string | undefined;

  /** Without routes every path leads to `app`. */
  constructor(routes: readonly Route[], app: string) {
    this.#routes = routes.map(({ pattern, app }) => ({ app, segments: segmentsOf(pattern) }));
    this.#otherwise = routes.length === 0 ? app : undefined;
  }

  /** Every app that a path can lead to. */
  get apps(): readonly string[] {
    if (this.#otherwise !== undefined) return [this.#otherwise];
    return [...new Set(this.#routes.map(({ app }) => app))];
  }

  /** Undefined if no pattern matches. `path` as the client sent it, without the query. */
  find(path: string): RouteDestination | undefined {
    if (this.#otherwise !== undefined) return { app: this.#otherwise, params: {} };
    const segments = segmentsOf(path);
    for (const { app, segments: pattern } of this.#routes) {
      const params = match(pattern, segments);
      if (params !== undefined) return { app, params };
    }
    return undefined;
  }
}

function segmentsOf(path: string): string[] {
  return path.split("/").slice(1);
}

function match(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    if (expected === "*") {
      const rest = decode(segments.slice(index).join("/"));
      if (rest === undefined || index >= segments.length) return undefined;
      params["*"] = rest;
      return params;
    }
    const segment = segments[index];
    if (segment === undefined) return undefined;
    if (!expected.startsWith(":")) {
      if (segment !== expected) return undefined;
      continue;
    }
    const value = decode(segment);
    if (value === undefined || value === "") return undefined;
    params[expected.slice(1)] = value;
  }
  return pattern.length === segments.length ? params : undefined;
}

/** Undefined if the percent-encoding is not valid UTF-8. RFC 3986, 2.1. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
