import {
  type ErrorCode,
  headerValuePattern,
  isGroupName,
  isMap,
  limits,
  tokenPattern,
  userGroup,
} from "../base/mod.ts";
import { groupFault } from "../groups/mod.ts";
import type {
  Authorization,
  ConnectionGrant,
  HandshakeRefusal,
  ValueCodec,
} from "../ports/mod.ts";

const nameCharsMax = 256;
/** Headers that the server sets itself, or that change how the answer is parsed. */
const ownHeaders = /^(connection|upgrade|content-length|transfer-encoding|trailer|te|keep-alive)$/;

/** An origin's answer to `connect`; the code says what is wrong with it. */
export type AuthorizeReply = Authorization | HandshakeRefusal | ErrorCode;

type Values = Readonly<Record<string, unknown>>;

/** Headers as a map of strings; undefined if an answer may not have them. */
function readHeaders(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return {};
  if (!isMap(value)) return undefined;
  const headers: Record<string, string> = {};
  let bytes = 0;
  const entries = Object.entries(value);
  if (entries.length > limits.answerHeadersMax) return undefined;
  for (const [key, text] of entries) {
    const name = key.toLowerCase();
    const isName = name.length <= nameCharsMax && tokenPattern.test(name);
    if (!isName || ownHeaders.test(name) || name.startsWith("sec-websocket-")) {
      return undefined;
    }
    if (typeof text !== "string" || !headerValuePattern.test(text)) return undefined;
    bytes += name.length + text.length;
    headers[name] = text;
  }
  return bytes > limits.answerHeaderBytesMax ? undefined : headers;
}

function readGrant(values: Values, codec: ValueCodec): ConnectionGrant | ErrorCode {
  const { user = undefined, groups = [], state = undefined, expires = 0 } = values;
  if (user !== undefined && user !== null) {
    if (typeof user !== "string" || user === "") return "handshake-grant";
    if (!isGroupName(userGroup(user))) return "handshake-grant";
  }
  if (!Array.isArray(groups)) return "handshake-grant";
  for (const name of groups) {
    const fault = typeof name === "string" ? groupFault(name) : "group-name";
    if (fault !== undefined) return fault;
  }
  const at = expires ?? 0;
  if (typeof at !== "number" || !(at >= 0)) return "handshake-grant";
  const stateBytes = state === undefined ? 0 : codec.encodeValue(state).length;
  if (stateBytes > limits.stateBytesMax) return "state-too-big";
  return {
    user: user === null ? undefined : (user as string | undefined),
    groups: [...new Set(groups as string[])],
    state: state ?? undefined,
    expiresAt: at === 0 ? undefined : at,
  };
}

/** What `accept` says. `offered`: the client's subprotocols. */
export function readAccept(
  value: unknown,
  offered: readonly string[],
  codec: ValueCodec,
): Authorization | ErrorCode {
  const values = value ?? {};
  if (!isMap(values)) return "handshake-grant";
  const { subprotocol } = values;
  if (subprotocol !== undefined && subprotocol !== null) {
    if (typeof subprotocol !== "string") return "handshake-grant";
    if (!offered.includes(subprotocol)) return "handshake-subprotocol";
  }
  const headers = readHeaders(values.headers);
  if (headers === undefined) return "handshake-grant";
  const grant = readGrant(values, codec);
  if (typeof grant === "string") return grant;
  return {
    accepted: true,
    grant,
    subprotocol: (subprotocol as string | null | undefined) ?? undefined,
    headers,
  };
}

/** What `reject` says: an HTTP answer that is not a success. */
export function readReject(
  statusCode: unknown,
  body: unknown,
  options: Values,
): HandshakeRefusal | ErrorCode {
  if (!Number.isInteger(statusCode)) return "handshake-grant";
  const status = statusCode as number;
  // RFC 9110, 15.4.5: 304 has no body and means a cache.
  if (status < 300 || status > 599 || status === 304) return "handshake-grant";
  const headers = readHeaders(options.headers);
  if (headers === undefined) return "handshake-grant";
  const bytes = body instanceof Uint8Array || typeof body === "string" ? body : "";
  // A UTF-16 unit is up to three bytes; the limit need not be exact.
  if (bytes.length > limits.answerBodyBytesMax) return "handshake-grant";
  const type =
    typeof bytes === "string" ? "text/plain; charset=utf-8" : "application/octet-stream";
  return {
    accepted: false,
    errorCode: "handshake-rejected",
    statusCode: status,
    headers: { "content-type": type, ...headers },
    body: bytes,
  };
}
