import { ServiceError, tokenPattern } from "../../../core/base/mod.ts";

/** How the end of a body is found (RFC 9112, 6.3). */
export type BodyFraming = number | "chunked" | "until-end";

/** The status line and the headers of an answer. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** In lower case, without parameters. */
  readonly contentType: string | undefined;
  /** Bytes of the body, or another framing. */
  readonly framing: BodyFraming;
  /** The server keeps the connection after this answer. */
  readonly keepAlive: boolean;
  /** How long it keeps it without a request, if it says so. */
  readonly keepAliveSeconds: number | undefined;
}

export function malformed(what: string): ServiceError {
  return new ServiceError("http-answer-malformed", what);
}

const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** RFC 9110, 5.5, with obs-text. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
const keepAliveHint = /(?:^|[ ,])timeout=(\d{1,6})(?:$|[ ,])/i;
/** Fewer digits than a safe integer has. */
const length = /^\d{1,15}$/;

/** Reads heads, and remembers the last one: within a second a server mostly repeats it. */
export class HeadReader {
  #text = "";
  #head: AnswerHead | undefined;

  /** Throws `http-answer-malformed`. */
  read(text: string): AnswerHead {
    if (this.#head !== undefined && text === this.#text) return this.#head;
    const head = parseAnswerHead(text);
    this.#text = text;
    this.#head = head;
    return head;
  }
}

/**
 * Reads a head without the empty line at its end. Strict: what two readers could understand in
 * two ways is refused (RFC 9112, 11.1).
 */
function parseAnswerHead(text: string): AnswerHead {
  const lines = text.split("\r\n");
  const match = statusLine.exec(lines[0] ?? "");
  if (match === null) throw malformed("the answer has no status line of HTTP/1.1");
  const status = Number(match[2]);
  const headers = new Map<string, string>();
  for (let i = 1; i < lines.length; i++) addHeader(headers, lines[i] as string);
  const isOld = match[1] === "0";
  const connection = tokensOf(headers.get("connection"));
  const hint = keepAliveHint.exec(headers.get("keep-alive") ?? "")?.[1];
  const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  return {
    status,
    headers,
    contentType: type || undefined,
    framing: framingOf(status, headers, isOld),
    keepAlive: isOld ? connection.includes("keep-alive") : !connection.includes("close"),
    keepAliveSeconds: hint === undefined ? undefined : Number(hint),
  };
}

function addHeader(headers: Map<string, string>, line: string): void {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  if (!tokenPattern.test(name)) throw malformed("the answer has a line that is no header");
  const value = trimmed(line, colon + 1);
  if (!fieldValue.test(value)) throw malformed("the answer has a control character in a header");
  const key = name.toLowerCase();
  const earlier = headers.get(key);
  headers.set(key, earlier === undefined ? value : `${earlier}, ${value}`);
}

/** Without spaces and tabs around. `trim` takes more than that off. */
function trimmed(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start++;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

function tokensOf(value: string | undefined): string[] {
  if (value === undefined) return [];
  return value.split(",").map((part) => trimmed(part, 0).toLowerCase());
}

function framingOf(
  status: number,
  headers: ReadonlyMap<string, string>,
  isOld: boolean,
): BodyFraming {
  const coding = headers.get("transfer-encoding");
  const size = headers.get("content-length");
  if (coding !== undefined) {
    // RFC 9112, 6.3: both together are an attack, or a fault.
    if (size !== undefined) throw malformed("the answer has two lengths");
    if (isOld || coding.toLowerCase() !== "chunked") {
      throw malformed("the answer has a transfer coding other than chunked");
    }
  }
  if (size !== undefined && !length.test(size)) {
    throw malformed("the answer has a length that is no number");
  }
  // RFC 9112, 6.3: these have no body, whatever their headers say.
  if (status < 200 || status === 204 || status === 304) return 0;
  if (coding !== undefined) return "chunked";
  return size === undefined ? "until-end" : Number(size);
}
