import { headerValuePattern, tokenPattern, withoutBrackets } from "../../core/base/mod.ts";
import { basicCredentials } from "../system/mod.ts";
import { HttpError, nothingSent } from "./http-error.ts";
import type { ProxyAddress, ProxyRules } from "./proxy-rules.ts";

/** Where a URL leads. */
export interface HttpTarget {
  /** The same for all that may share a connection. */
  readonly server: string;
  readonly isTls: boolean;
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly proxy: ProxyAddress | undefined;
  /** The request line, and the headers that no caller may set. */
  readonly start: string;
  /** Header lines that are sent unless the caller sets a header of that name. */
  readonly userAgent: string;
  readonly authorization: string;
  /** The lines of heads with a frozen object of headers, which callers may use again and again. */
  readonly frozenLines: WeakMap<object, string>;
}

export interface TargetOptions {
  readonly proxies: ProxyRules | undefined;
  readonly method: "GET" | "POST";
}

/** What may stand in a request line; the URL parser has percent-encoded everything else. */
const visible = /^[\x21-\x7e]+$/;

/** Reads a URL. Throws `http-request-invalid`. */
export function parseTarget(text: string, { proxies, method }: TargetOptions): HttpTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    // The text may contain a password.
    throw invalid("the URL is no http:// or https:// URL");
  }
  const isTls = url.protocol === "https:";
  const host = withoutBrackets(url.hostname);
  const port = Number(url.port || (isTls ? 443 : 80));
  const proxy = proxies?.proxyFor(isTls, host, port);
  const server = `${url.protocol}//${url.host}`;
  // RFC 9112, 3.2.2: a proxy gets the whole URL. Through a tunnel the server gets it as usual.
  const base = proxy !== undefined && !isTls ? server : "";
  const path = `${base}${url.pathname}${url.search}`;
  if (!visible.test(path) || !visible.test(url.host)) {
    throw invalid("the URL has characters that cannot be sent");
  }
  const ownAuthorization = basicCredentials(url);
  const proxyAuthorization = base === "" ? undefined : proxy?.authorization;
  return {
    server,
    isTls,
    host,
    port,
    proxy,
    start:
      `${method} ${path} HTTP/1.1\r\nHost: ${url.host}\r\nAccept-Encoding: identity\r\n` +
      headerLine("Proxy-Authorization", proxyAuthorization),
    userAgent: headerLine("User-Agent", "websocket-service"),
    authorization: headerLine("Authorization", ownAuthorization),
    frozenLines: new WeakMap(),
  };
}

/** What the connection itself depends on. */
const ownNames: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * The head of a request with its empty line; `bodyBytes` is undefined for one without a body,
 * which has no length then (RFC 9110, 8.6). Throws `http-request-invalid` if a header could
 * become something else than one header (request splitting).
 */
export function requestHead(
  target: HttpTarget,
  headers: Readonly<Record<string, string>>,
  bodyBytes: number | undefined,
): string {
  let lines = target.frozenLines.get(headers);
  if (lines === undefined) {
    lines = requestLines(target, headers);
    if (Object.isFrozen(headers)) target.frozenLines.set(headers, lines);
  }
  return bodyBytes === undefined ? `${lines}\r\n` : `${lines}Content-Length: ${bodyBytes}\r\n\r\n`;
}

function requestLines(target: HttpTarget, headers: Readonly<Record<string, string>>): string {
  let { userAgent, authorization } = target;
  let lines = target.start;
  for (const name of Object.keys(headers)) {
    const value = headers[name] as string;
    const lower = name.toLowerCase();
    if (!tokenPattern.test(name) || ownNames.has(lower) || !headerValuePattern.test(value)) {
      // The value may be secret; the name may hold anything, so only a valid one is shown.
      const shown = tokenPattern.test(name) ? `the header ${name}` : "a header with this name";
      throw invalid(`${shown} cannot be sent`);
    }
    if (lower === "user-agent") userAgent = "";
    else if (lower === "authorization") authorization = "";
    lines += `${name}: ${value}\r\n`;
  }
  return `${lines}${userAgent}${authorization}`;
}

function invalid(what: string): HttpError {
  return new HttpError("http-request-invalid", what, nothingSent);
}

function headerLine(name: string, value: string | undefined): string {
  return value === undefined ? "" : `${name}: ${value}\r\n`;
}
