/** Path and query of a request's target, the same on every runtime. */
export interface RequestTarget {
  /** With dot segments resolved and invalid characters percent-encoded; nothing is decoded. */
  readonly path: string;
  /** The text after the `?`, or an empty string. */
  readonly query: string;
}

/** A target that is the same after parsing: no dots in the path, nothing to percent-encode. */
const plain = /^(\/[\w\-~/]*)(?:\?([\w\-.~%&=+:,;/?@]*))?$/;

/**
 * Parses a target in origin form (`/path?query`) or absolute form (RFC 9112, 3.2). Bun resolves it
 * by the rules of the URL standard before we see it, so every runtime does the same. A target in
 * another form, such as that of CONNECT (`host:port`), has no path and stands for itself.
 */
export function readTarget(target: string): RequestTarget {
  const known = plain.exec(target);
  if (known !== null) return { path: known[1]!, query: known[2] ?? "" };
  const text = target.startsWith("/") ? `http://host${target}` : target;
  if (!text.includes("://")) return { path: target, query: "" };
  if (!URL.canParse(text)) return { path: target, query: "" };
  const { pathname, search } = new URL(text);
  return { path: pathname, query: search.slice(1) };
}
