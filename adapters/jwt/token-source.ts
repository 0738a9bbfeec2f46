import { isMap, ServiceError } from "../../core/base/mod.ts";
import type { HandshakeRequest } from "../../core/ports/mod.ts";

/** A part of the handshake request that may carry the token. */
export type TokenSource =
  | { readonly kind: "header" }
  | { readonly kind: "query"; readonly name: string }
  | { readonly kind: "cookie"; readonly name: string }
  | { readonly kind: "subprotocol"; readonly prefix: string };

/** A name is a token of RFC 9110, 5.6.2. */
const form = /^(?:header|(query|cookie|subprotocol):([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}))$/;
/** RFC 6265, 5.4 allows one Cookie header; runtimes join several with a comma. */
const cookieEnd = /[;,]/;

/** Parses one item of `--jwt-from`. Throws `setting-invalid`. */
export function parseTokenSource(text: string): TokenSource {
  const match = form.exec(text);
  if (match === null) {
    const allowed = "header, query:NAME, cookie:NAME or subprotocol:PREFIX";
    throw new ServiceError("setting-invalid", `jwt-from ${text}: must be ${allowed}`);
  }
  const [, kind, name = ""] = match;
  if (kind === "query" || kind === "cookie") return { kind, name };
  return kind === "subprotocol" ? { kind, prefix: name } : { kind: "header" };
}

/** The token of the first source that has one; undefined if none has. */
export function findToken(
  request: HandshakeRequest,
  sources: readonly TokenSource[],
): string | undefined {
  for (const source of sources) {
    const token = tokenAt(request, source);
    if (token !== undefined && token !== "") return token;
  }
  return undefined;
}

function tokenAt(request: HandshakeRequest, source: TokenSource): string | undefined {
  switch (source.kind) {
    case "header":
      return bearerToken(request.header("authorization") ?? "");
    case "query": {
      const part = request.query.split("&").find((part) => parameterName(part) === source.name);
      return part === undefined ? undefined : decoded(afterEquals(part));
    }
    case "cookie": {
      const cookies = request.header("cookie")?.split(cookieEnd) ?? [];
      const part = cookies.find((part) => beforeEquals(part).trim() === source.name);
      // RFC 6265, 4.1.1: a value may be quoted.
      return part === undefined
        ? undefined
        : afterEquals(part)
            .trim()
            .replace(/^"(.*)"$/, "$1");
    }
    case "subprotocol": {
      const offered = request.header("sec-websocket-protocol")?.split(",") ?? [];
      const part = offered.map((part) => part.trim()).find((part) => isToken(part, source));
      return part?.slice(source.prefix.length);
    }
  }
}

/** RFC 6750, 2.1. No pattern: `bearer +(.*?)\s*$` takes cubic time for a header full of spaces. */
function bearerToken(header: string): string | undefined {
  const text = header.trim();
  const scheme = "bearer ";
  if (text.slice(0, scheme.length).toLowerCase() !== scheme) return undefined;
  return text.slice(scheme.length).trim();
}

/**
 * The entries of `info` without tokens, so that the origin does not see them. Tokens are removed
 * from every source, not only from the one that was used.
 */
export function withoutTokens(
  info: Readonly<Record<string, unknown>>,
  sources: readonly TokenSource[],
): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  const { query, cookies, subprotocols } = info;
  if (typeof query === "string") changed.query = cleanQuery(query, sources);
  if (isMap(info.headers)) changed.headers = cleanHeaders(info.headers, sources);
  if (isMap(cookies)) {
    const kept = Object.entries(cookies).filter(([name]) => !isNamed(sources, "cookie", name));
    changed.cookies = Object.fromEntries(kept);
  }
  if (Array.isArray(subprotocols)) {
    changed.subprotocols = subprotocols.filter((name) => !isTokenEntry(String(name), sources));
  }
  return changed;
}

function cleanQuery(query: string, sources: readonly TokenSource[]): string {
  const parts = query.split("&");
  return parts.filter((part) => !isNamed(sources, "query", parameterName(part))).join("&");
}

function cleanHeaders(
  headers: Readonly<Record<string, unknown>>,
  sources: readonly TokenSource[],
): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(headers)) {
    const left = typeof value === "string" ? cleanHeader(name, value, sources) : value;
    if (left !== undefined) kept[name] = left;
  }
  return kept;
}

/** The header without tokens; undefined if nothing is left. */
function cleanHeader(
  name: string,
  value: string,
  sources: readonly TokenSource[],
): string | undefined {
  switch (name) {
    case "authorization": {
      const taken = sources.some(({ kind }) => kind === "header");
      // Several headers are joined by commas: a token may be in a later one.
      return taken && /(^|,)\s*bearer(\s|$)/i.test(value) ? undefined : value;
    }
    case "cookie": {
      return cleanCookies(value, sources);
    }
    case "sec-websocket-protocol": {
      const parts = value.split(",");
      const kept = parts.filter((part) => !isTokenEntry(part.trim(), sources));
      return kept.length === parts.length ? value : kept.join(",").trim() || undefined;
    }
    default:
      return value;
  }
}

/** The other cookies stay as they were written, including their separators. */
function cleanCookies(value: string, sources: readonly TokenSource[]): string | undefined {
  const pairs = value.split(/(?=[;,])/);
  const kept = pairs.filter((pair) => {
    const name = beforeEquals(pair.replace(cookieEnd, "")).trim();
    return !isNamed(sources, "cookie", name);
  });
  if (kept.length === pairs.length) return value;
  const left = kept.join("");
  return (kept[0] === pairs[0] ? left : left.replace(cookieEnd, "").trimStart()) || undefined;
}

function isNamed(
  sources: readonly TokenSource[],
  kind: "query" | "cookie",
  name: string,
): boolean {
  return sources.some((source) => source.kind === kind && source.name === name);
}

function isTokenEntry(entry: string, sources: readonly TokenSource[]): boolean {
  return sources.some((source) => source.kind === "subprotocol" && isToken(entry, source));
}

/** Whether an offered subprotocol carries a token. The prefix alone is an ordinary name. */
function isToken(entry: string, { prefix }: { readonly prefix: string }): boolean {
  return entry.length > prefix.length && entry.startsWith(prefix);
}

/** The decoded name, as an origin would read it: `access%5Ftoken` is `access_token`. */
function parameterName(part: string): string {
  return decoded(beforeEquals(part));
}

function beforeEquals(part: string): string {
  const equals = part.indexOf("=");
  return equals < 0 ? part : part.slice(0, equals);
}

function afterEquals(part: string): string {
  const equals = part.indexOf("=");
  return equals < 0 ? "" : part.slice(equals + 1);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
