import type { AddressRange, ErrorCode } from "../base/mod.ts";
import type { HandshakeAnswer, HandshakeRefusal, HandshakeRequest } from "../ports/mod.ts";
import { checkHandshake, chooseSubprotocol, refuse } from "../websocket/mod.ts";
import { isSameOrigin, originAllowed } from "./allowed-origins.ts";
import { clientAddress } from "./client-address.ts";
import { allowedCookies } from "./cookies.ts";
import type { Routes } from "./routes.ts";

/** A page that the client port serves for a plain GET of its path. */
export interface Page {
  readonly contentType: string;
  readonly body: string;
}

export interface AdmissionOptions {
  /** Subprotocols that are accepted. The client's order of preference decides. */
  readonly subprotocols: readonly string[];
  /** Lower-case names of the request headers that are passed to the origin. */
  readonly headers: readonly string[];
  /** Names of the cookies that are passed to the origin; none if left out. */
  readonly cookies?: readonly string[] | undefined;
  readonly compression: boolean;
  /** Maximum size of request line and headers; the setting's default if left out. */
  readonly headerBytesMax?: number | undefined;
  readonly pages: ReadonlyMap<string, Page>;
  /** Status of a plain GET if no page is; 426 if left out. */
  readonly plainGetStatus?: number | undefined;
  /** Origins (RFC 6454) whose pages may connect; all if empty. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Only pages of the requested host may connect. `secure`: the port speaks TLS. */
  readonly sameOrigin?: { readonly secure: boolean } | undefined;
  /** Proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies?: readonly AddressRange[] | undefined;
}

/** The answer 503 of a node that takes no connection now. RFC 9110, 15.6.4. */
export function unavailable(
  code: ErrorCode,
  sentence: string,
  retryAfterSeconds = 5,
): HandshakeRefusal {
  return refuse(503, code, sentence, { "retry-after": String(retryAfterSeconds) });
}

export const draining: HandshakeRefusal = unavailable("draining", "this node is shutting down", 1);

/** Answers a request on the client port, as far as the request alone decides. */
export function admit(
  request: HandshakeRequest,
  options: AdmissionOptions,
  routes: Routes,
): HandshakeAnswer {
  const page = options.pages.get(request.path);
  if (page !== undefined && request.header("upgrade") === undefined)
    return answerPage(page, request);
  const handshake = checkHandshake(request, options.headerBytesMax);
  if ("accepted" in handshake) {
    const { plainGetStatus: statusCode = handshake.statusCode } = options;
    return handshake.errorCode === "handshake-plain" ? { ...handshake, statusCode } : handshake;
  }
  const destination = routes.find(request.path);
  if (destination === undefined) {
    return refuse(404, "route-unknown", "no route matches this path");
  }
  if (!isPageAllowed(request, options)) {
    return refuse(403, "origin-not-allowed", "pages of this origin may not connect");
  }
  const subprotocol = chooseSubprotocol(handshake.offeredSubprotocols, options.subprotocols);
  const info: Record<string, unknown> = {
    path: request.path,
    query: request.query,
    headers: allowedHeaders(request, options.headers),
    ip: clientAddress(request, options.trustedProxies),
    subprotocols: handshake.offeredSubprotocols,
  };
  if (Object.keys(destination.params).length > 0) info.params = destination.params;
  const cookies = allowedCookies(request.header("cookie"), options.cookies ?? []);
  if (cookies !== undefined) info.cookies = cookies;
  if (subprotocol !== undefined) info.subprotocol = subprotocol;
  return {
    accepted: true,
    app: destination.app,
    subprotocol,
    deflate: options.compression && handshake.deflateOffered,
    info,
  };
}

function isPageAllowed(request: HandshakeRequest, options: AdmissionOptions): boolean {
  const { allowedOrigins = [], sameOrigin } = options;
  const originHeader = request.header("origin");
  // RFC 6455, 10.2: a client without `Origin` is no browser, so no page can have opened it.
  if (originHeader === undefined) return true;
  if (allowedOrigins.length > 0) return originAllowed(originHeader, allowedOrigins);
  if (sameOrigin === undefined) return true;
  return isSameOrigin(originHeader, request.header("host") ?? "", sameOrigin.secure);
}

function answerPage(page: Page, request: HandshakeRequest): HandshakeRefusal {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return { accepted: false, statusCode: 405, headers: { allow: "GET, HEAD" }, body: "" };
  }
  const headers = { "content-type": page.contentType, "cache-control": "no-store" };
  return { accepted: false, statusCode: 200, headers, body: page.body };
}

function allowedHeaders(
  request: HandshakeRequest,
  names: readonly string[],
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of names) {
    const value = request.header(name);
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}
