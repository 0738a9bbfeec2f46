import { createHash, randomBytes } from "node:crypto";
import { ServiceError, tokenPattern } from "../../core/base/mod.ts";
import { acceptKeySuffix } from "../../core/websocket/mod.ts";
import { basicCredentials } from "../system/mod.ts";
import { clientLimits } from "./client-limits.ts";

export interface HandshakeHeaders {
  /** Names and values in the order in which they are sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly subprotocols: readonly string[];
}

/** An opening handshake, ready to be written. */
export interface OpeningHandshake {
  readonly text: string;
  /** The value that `Sec-WebSocket-Accept` must have. */
  readonly accept: string;
  readonly subprotocols: readonly string[];
}

/** What the server has answered. */
export interface ServerAnswer {
  readonly statusCode: number;
  readonly statusText: string;
  /** By name in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes after the head. */
  readonly rest: Uint8Array;
}

/** Builds a request (RFC 6455, 4.1). Throws `setting-invalid` if a header cannot be sent. */
export function openingHandshake(url: URL, given: HandshakeHeaders): OpeningHandshake {
  const key = randomBytes(16).toString("base64");
  const { subprotocols } = given;
  const headers: (readonly [string, string])[] = [
    ["Host", url.host],
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Key", key],
    ["Sec-WebSocket-Version", "13"],
  ];
  if (subprotocols.length > 0) headers.push(["Sec-WebSocket-Protocol", subprotocols.join(", ")]);
  const login = basicCredentials(url);
  if (login !== undefined) headers.push(["Authorization", login]);
  for (const [name, value] of given.headers) {
    if (!tokenPattern.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      throw new ServiceError("setting-invalid", `the header ${name} cannot be sent`);
    }
    const at = headers.findIndex(([known]) => known.toLowerCase() === name.toLowerCase());
    if (at < 0) headers.push([name, value]);
    else headers[at] = [name, value];
  }
  const head = [`GET ${url.pathname}${url.search} HTTP/1.1`];
  const text = [...head, ...headers.map(([name, value]) => `${name}: ${value}`), "", ""];
  const accept = createHash("sha1")
    .update(key + acceptKeySuffix)
    .digest("base64");
  return { text: text.join("\r\n"), accept, subprotocols };
}

/** Reads the head of an answer; undefined if more bytes must come. */
export function readAnswer(bytes: Buffer): ServerAnswer | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) {
    if (bytes.length <= clientLimits.answerHeadBytesMax) return undefined;
    throw malformed("the head of its answer is too long");
  }
  const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(first);
  if (status === null) throw malformed("its answer is not HTTP/1.1");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) throw malformed("a header of its answer has no name");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const [, code, text = ""] = status;
  const rest = bytes.subarray(end + 4);
  return { statusCode: Number(code), statusText: text, headers, rest };
}

/**
 * Checks an answer with status 101 (RFC 6455, 4.1). Returns the chosen subprotocol, empty without
 * one. Throws `http-answer-malformed`.
 */
export function checkAnswer({ headers }: ServerAnswer, sent: OpeningHandshake): string {
  const has = (name: string, word: string): boolean =>
    (headers.get(name) ?? "").split(",").some((part) => part.trim().toLowerCase() === word);
  if (!has("upgrade", "websocket")) throw malformed("it does not upgrade to websocket");
  if (!has("connection", "upgrade")) throw malformed("its Connection header is not Upgrade");
  if (headers.get("sec-websocket-accept") !== sent.accept) {
    throw malformed("its Sec-WebSocket-Accept is wrong");
  }
  if (headers.has("sec-websocket-extensions")) {
    throw malformed("it has chosen an extension that was not offered");
  }
  const subprotocol = headers.get("sec-websocket-protocol") ?? "";
  if (subprotocol !== "" && !sent.subprotocols.includes(subprotocol)) {
    throw malformed("it has chosen a subprotocol that was not offered");
  }
  return subprotocol;
}

function malformed(what: string): ServiceError {
  return new ServiceError("http-answer-malformed", `the server does not speak WebSocket: ${what}`);
}
