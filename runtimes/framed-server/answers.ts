import { STATUS_CODES } from "node:http";
import type { HandshakeRefusal } from "../../core/ports/mod.ts";
import { refuse } from "../../core/websocket/mod.ts";

export const tooLate: HandshakeRefusal = refuse(
  408,
  "handshake-timeout",
  "the request did not arrive within handshake-timeout",
);

export const cutShort: HandshakeRefusal = refuse(
  400,
  "handshake-refused",
  "the request ends before its head does",
);

/** The bytes of an HTTP answer, after which the stream ends. One to HEAD has no body. */
export function answerBytes(refusal: HandshakeRefusal, isHead: boolean): Uint8Array {
  const { body, headers, statusCode } = refusal;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const lines = [
    `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? "Refused"}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${bytes.length}`,
    "connection: close",
  ];
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
  return isHead ? head : Buffer.concat([head, bytes]);
}
