/** Path and query of a request's target, as every runtime tells them. */
export interface RequestTarget {
  /** Dot segments resolved, what no URL may hold percent-encoded, nothing decoded. */
  readonly path: string;
  /** What stands after the `?`, or an empty string. */
  readonly query: string;
}

/**
 * Reads a target in origin form (`/path?query`) or absolute form. Bun resolves it by the rules of
 * the URL standard before anybody sees it; so it is done everywhere.
 */
export function readTarget(target: string): RequestTarget {
  const text = target.startsWith("/") ? `http://host${target}` : target;
  if (!URL.canParse(text)) return { path: target, query: "" };
  const { pathname, search } = new URL(text);
  return { path: pathname, query: search.slice(1) };
}
