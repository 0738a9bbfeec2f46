import { limits } from "../base/mod.ts";
import type { HandshakeRefusal, HandshakeRequest } from "../ports/mod.ts";
import { answerDeflate } from "./extensions.ts";
import { refuse } from "./refuse.ts";
import { refuseRequest } from "./request-line.ts";

/** A request that may be upgraded. */
export interface HandshakeOffer {
  readonly ok: true;
  /** `Sec-WebSocket-Key`, to be hashed by the runtime. */
  readonly key: string;
  /** In the client's order of preference, without repetitions. */
  readonly offeredSubprotocols: readonly string[];
  /** permessage-deflate was offered in a form that we can serve. */
  readonly deflateOffered: boolean;
}

/** RFC 6455, 4.2.1: base64 of 16 bytes, so the last of 22 characters carries two bits. */
const KEY = /^[+/0-9A-Za-z]{21}[AQgw]==$/;
/** A name or address with a port, or empty: RFC 9110, 7.2. */
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._~-]*)(:\d{0,5})?$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Checks a client's opening handshake. RFC 6455, 4.2.1 and 4.2.2. */
export function checkHandshake(
  request: HandshakeRequest,
  headerBytesMax: number = limits.handshakeHeaderBytesMax,
): HandshakeOffer | HandshakeRefusal {
  if (headBytes(request) > headerBytesMax) return headersTooLarge;
  // RFC 9112, 3.2. Some runtimes make a URL of it: it must not be able to bend the path.
  const host = request.header("host") ?? (request.httpVersion === "1.0" ? "" : undefined);
  if (host === undefined || !HOST.test(host)) {
    return refuse(400, "handshake-headers", "the Host header is missing, doubled, or no host");
  }
  if (request.method !== "GET") {
    return refuse(400, "handshake-method", "a WebSocket is opened by a GET request");
  }
  const upgrade = request.header("upgrade");
  if (upgrade === undefined) {
    return refuse(426, "handshake-plain", "a WebSocket server answers here: connect with ws://", {
      upgrade: "websocket",
      "sec-websocket-version": "13",
    });
  }
  const refusal = refuseRequest(request);
  if (refusal !== undefined) return refusal;
  if (!hasToken(upgrade, "websocket") || !hasToken(request.header("connection"), "upgrade")) {
    return refuse(400, "handshake-upgrade", "an upgrade to websocket is all that is served here");
  }
  // 4.2.2, 4: the answer to another version names ours.
  if (request.header("sec-websocket-version")?.trim() !== "13") {
    return refuse(426, "handshake-version", "version 13 of the WebSocket protocol is required", {
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

/** RFC 6585, 5. Also for a runtime whose parser gives up before there is a request. */
export const headersTooLarge: HandshakeRefusal = refuse(
  431,
  "handshake-headers",
  "the request's line and headers are too large",
);

/** The first offered subprotocol that is supported. RFC 6455, 4.2.2: none is no error. */
export function chooseSubprotocol(
  offered: readonly string[],
  supported: readonly string[],
): string | undefined {
  return offered.find((name) => supported.includes(name));
}

/** Names are compared with case (RFC 6455, 11.3.4); undefined where the header is malformed. */
function parseSubprotocols(header: string | undefined): string[] | undefined {
  if (header === undefined) return [];
  const names = new Set<string>();
  for (const part of header.split(",")) {
    const name = part.trim();
    // RFC 9110, 5.6.1: empty elements of a list are allowed.
    if (name === "") continue;
    if (!TOKEN.test(name)) return undefined;
    names.add(name);
  }
  return [...names];
}

function hasToken(header: string | undefined, token: string): boolean {
  return header?.split(",").some((part) => part.trim().toLowerCase() === token) ?? false;
}

/** Bytes of the request line and the headers, as HTTP/1.1 writes them (RFC 9112, 2.1). */
function headBytes(request: HandshakeRequest): number {
  const { method, path, query } = request;
  let bytes = method.length + path.length + "  HTTP/1.1\r\n\r\n".length;
  if (query !== "") bytes += query.length + "?".length;
  for (const [name, value] of request.headers()) bytes += name.length + value.length + 4;
  return bytes;
}
