import { type ErrorCode, limits, tokenPattern } from "../base/mod.ts";
import type { HandshakeRefusal, HandshakeRequest } from "../ports/mod.ts";
import { answerDeflate } from "./extensions.ts";

/** RFC 6455, 1.3: behind the key in what `Sec-WebSocket-Accept` is the hash of. */
export const acceptKeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export interface HandshakeOffer {
  readonly ok: true;
  /** `Sec-WebSocket-Key`, from which the runtime computes `Sec-WebSocket-Accept`. */
  readonly key: string;
  /** In the client's order of preference, without duplicates. */
  readonly offeredSubprotocols: readonly string[];
  /** The client offers permessage-deflate with parameters that we support. */
  readonly deflateOffered: boolean;
}

/** RFC 6455, 4.2.1: base64 of 16 bytes. The last of the 22 characters carries two bits. */
const KEY = /^[+/0-9A-Za-z]{21}[AQgw]==$/;
/** RFC 9110, 7.2: a name or address, with or without a port, or nothing. */
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._~-]*)(:\d{0,5})?$/;

/**
 * Checks a client's opening handshake (RFC 6455, 4.2.1 and 4.2.2). `headerBytesMax` limits the
 * request line and the headers together.
 */
export function checkHandshake(
  request: HandshakeRequest,
  headerBytesMax: number = limits.handshakeHeaderBytesMax,
): HandshakeOffer | HandshakeRefusal {
  if (headBytes(request) > headerBytesMax) return headersTooLarge;
  // RFC 9112, 3.2. Some runtimes build a URL from it, so a bad one could change the path.
  const host = request.header("host") ?? (request.httpVersion === "1.0" ? "" : undefined);
  if (host === undefined || !HOST.test(host)) {
    return refuse(400, "handshake-headers", "the Host header must occur once and name a host");
  }
  if (request.method !== "GET") {
    return refuse(400, "handshake-method", "the method of a WebSocket handshake must be GET");
  }
  const upgrade = request.header("upgrade");
  if (upgrade === undefined) {
    return plainRequest;
  }
  const refusal = refuseRequest(request);
  if (refusal !== undefined) return refusal;
  if (!hasToken(upgrade, "websocket") || !hasToken(request.header("connection"), "upgrade")) {
    return upgradeMissing;
  }
  // RFC 6455, 4.2.2: the answer to another version names ours.
  if (request.header("sec-websocket-version")?.trim() !== "13") {
    return refuse(426, "handshake-version", "the WebSocket protocol version must be 13", {
      upgrade: "websocket",
      "sec-websocket-version": "13",
    });
  }
  const key = request.header("sec-websocket-key")?.trim() ?? "";
  if (!KEY.test(key)) {
    return refuse(400, "handshake-key", "Sec-WebSocket-Key must be 16 bytes in base64");
  }
  const offeredSubprotocols = parseSubprotocols(request.header("sec-websocket-protocol"));
  if (offeredSubprotocols === undefined) {
    return refuse(400, "handshake-upgrade", "Sec-WebSocket-Protocol must be a list of tokens");
  }
  const deflateOffered = answerDeflate(request.header("sec-websocket-extensions")) !== undefined;
  return { ok: true, key, offeredSubprotocols, deflateOffered };
}

/** Checks the request line, and that there is no body. */
function refuseRequest(request: HandshakeRequest): HandshakeRefusal | undefined {
  const { httpVersion = "1.1", target = "" } = request;
  // RFC 6455, 4.2.1: HTTP/1.1 or higher. RFC 9112, 2.5: this syntax is HTTP/1.x only.
  if (httpVersion !== "1.1") {
    const statusCode = httpVersion === "1.0" ? 400 : 505;
    return refuse(statusCode, "handshake-http", "a WebSocket handshake must be HTTP/1.1");
  }
  if (changesWhenParsed(target)) {
    return refuse(
      400,
      "handshake-target",
      "the target must have no dot segments, no backslash and no fragment",
    );
  }
  // A proxy and we could disagree about where the body ends and the WebSocket begins.
  const length = request.header("content-length")?.trim() ?? "0";
  if (length !== "0" || request.header("transfer-encoding") !== undefined) {
    return refuse(400, "handshake-body", "a WebSocket handshake must have no body");
  }
  return undefined;
}

/** What a target has that a URL parser would change; others have it too. */
const suspicious = /[#\\]|(?:^|\/)(?:\.|%2e)/i;

/**
 * Whether a URL parser would change the target's path. A proxy that checked the path as sent would
 * then have checked another one.
 */
function changesWhenParsed(target: string): boolean {
  if (!suspicious.test(target)) return false;
  if (target.includes("#")) return true;
  const end = target.indexOf("?");
  const path = end < 0 ? target : target.slice(0, end);
  if (path.includes("\\")) return true;
  return path.split("/").some((segment) => {
    // The longest form of a dot segment is `%2e%2e`.
    if (segment.length > 6) return false;
    const plain = segment.toLowerCase().replaceAll("%2e", ".");
    return plain === "." || plain === "..";
  });
}

/** A request that asks for no upgrade. */
export const upgradeMissing: HandshakeRefusal = refuse(
  400,
  "handshake-upgrade",
  "the request must ask for an upgrade to websocket",
);

/** An HTTP answer whose body is JSON with the error code and a sentence for people. */
export function refuse(
  statusCode: number,
  code: ErrorCode,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): HandshakeRefusal {
  return {
    accepted: false,
    errorCode: code,
    statusCode,
    headers: { "content-type": "application/json", ...headers },
    body: `${JSON.stringify({ code, message: sentence })}\n`,
  };
}

/** The answer to what a browser sends: a text, since people read it. */
const plainRequest: HandshakeRefusal = {
  accepted: false,
  errorCode: "handshake-plain",
  statusCode: 426,
  headers: {
    "content-type": "text/plain; charset=utf-8",
    upgrade: "websocket",
    "sec-websocket-version": "13",
  },
  body: "handshake-plain: this is a WebSocket server: connect with ws://.\n",
};

/** RFC 6585, 5. Also sent if the runtime's HTTP parser gives up before there is a request. */
export const headersTooLarge: HandshakeRefusal = refuse(
  431,
  "handshake-headers",
  "the request line and headers exceed max-header-size",
);

/** The first offered subprotocol that is supported; none is no error (RFC 6455, 4.2.2). */
export function chooseSubprotocol(
  offered: readonly string[],
  supported: readonly string[],
): string | undefined {
  return offered.find((name) => supported.includes(name));
}

/** The offered names, which are case-sensitive (RFC 6455, 11.3.4); undefined if malformed. */
function parseSubprotocols(header: string | undefined): string[] | undefined {
  if (header === undefined) return [];
  const names = new Set<string>();
  for (const part of header.split(",")) {
    const name = part.trim();
    // RFC 9110, 5.6.1: a list may have empty elements.
    if (name === "") continue;
    if (!tokenPattern.test(name)) return undefined;
    names.add(name);
  }
  return [...names];
}

function hasToken(header: string | undefined, token: string): boolean {
  if (header === undefined) return false;
  if (header.toLowerCase() === token) return true;
  return header.split(",").some((part) => part.trim().toLowerCase() === token);
}

/** Size of the request line and the headers as HTTP/1.1 writes them (RFC 9112, 2.1). */
function headBytes(request: HandshakeRequest): number {
  const { method, path, query } = request;
  let bytes = method.length + path.length + "  HTTP/1.1\r\n\r\n".length;
  if (query !== "") bytes += query.length + "?".length;
  for (const [name, value] of request.headers()) bytes += name.length + value.length + 4;
  return bytes;
}
