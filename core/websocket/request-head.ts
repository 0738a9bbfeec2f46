import type { HandshakeRefusal } from "../ports/mod.ts";
import { headersTooLarge, refuse } from "./handshake.ts";

/** The head of an HTTP/1.x request: request line and header lines (RFC 9112, 2.1). */
export interface RequestHead {
  readonly method: string;
  /** As it was sent: nothing is decoded or resolved. */
  readonly target: string;
  /** Such as `1.1`. */
  readonly httpVersion: string;
  /** In their order; names in lower case, values without the white space around them. */
  readonly lines: readonly HeaderLine[];
  /** What came behind the head. */
  readonly rest: Uint8Array;
}

export type HeaderLine = readonly [name: string, value: string];

export interface RequestHeadOptions {
  /** Bytes of a head with its line ends. */
  readonly bytesMax: number;
  /** Header lines of a head. */
  readonly linesMax: number;
  /** A text of its own with one character for each byte: ISO 8859-1 is all that HTTP knows. */
  readonly text: (bytes: Uint8Array, from: number, to: number) => string;
}

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;

/** The parts of a head in which a byte may stand. */
const Part = { name: 1, target: 2, value: 4 } as const;

const partsOf: Uint8Array = new Uint8Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  // RFC 9110, 5.5: the values of headers; 0x80 and above is obs-text.
  if (byte === TAB || (byte >= SPACE && byte !== 0x7f)) partsOf[byte]! |= Part.value;
  // RFC 9112, 3.2: ASCII. The core judges what a URL parser would change.
  if (byte > SPACE && byte < 0x7f) partsOf[byte]! |= Part.target;
}
// RFC 9110, 5.6.2: a token.
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") {
  partsOf[character.charCodeAt(0)]! |= Part.name;
  partsOf[character.toUpperCase().charCodeAt(0)]! |= Part.name;
}

/** Names that nearly every handshake has, by their length: no text is made of their bytes. */
const commonNames: (readonly string[])[] = [];
for (const name of [
  "host",
  "origin",
  "pragma",
  "cookie",
  "upgrade",
  "connection",
  "user-agent",
  "cache-control",
  "accept-encoding",
  "accept-language",
  "x-forwarded-for",
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-protocol",
  "sec-websocket-extensions",
]) {
  commonNames[name.length] = [...(commonNames[name.length] ?? []), name];
}

/** RFC 9112, 3.2: origin form, absolute form, asterisk form; CONNECT has the authority form. */
const TARGET = /^(?:\/|\*$|[A-Za-z]+:\/\/[-\w.~%:[\]]+(?:[/?]|$))/;
const AUTHORITY = /^[-\w.~%:[\]]+$/;
const LENGTH = /^\d{1,15}$/;

const notHttp: HandshakeRefusal = refuse(400, "handshake-refused", "this is not an HTTP request");
const badHeader: HandshakeRefusal = refuse(
  400,
  "handshake-refused",
  "a header line is not valid HTTP/1.1",
);
const badLength: HandshakeRefusal = refuse(
  400,
  "handshake-refused",
  "Content-Length and Transfer-Encoding do not say where the body ends",
);
const tooManyLines: HandshakeRefusal = refuse(
  431,
  "handshake-headers",
  "the request has too many header lines",
);
const nothing = new Uint8Array(0);

/**
 * Reads the head of a request from a stream. It is strict, because a proxy in front of us may
 * read differently what RFC 9112 leaves open: no bare CR or LF, no folded lines, no space before a
 * colon, one length. Every byte is looked at once, in however many chunks they come.
 */
export class RequestHeadReader {
  readonly #options: RequestHeadOptions;
  /** What came in earlier chunks, with room for more. */
  #held: Uint8Array = nothing;
  #length = 0;
  #lineStart = 0;
  #method: string | undefined = undefined;
  #target = "";
  #httpVersion = "";
  readonly #lines: HeaderLine[] = [];
  /** A header has said how long the body is. */
  #framed = false;

  constructor(options: RequestHeadOptions) {
    this.#options = options;
  }

  /** The target of the request line, once that line was read. */
  get target(): string | undefined {
    return this.#method === undefined ? undefined : this.#target;
  }

  /** The head, or why there is none, or undefined if more bytes must come. */
  read(chunk: Uint8Array): RequestHead | HandshakeRefusal | undefined {
    const { bytesMax } = this.#options;
    let from = this.#length;
    const bytes = from === 0 ? chunk : this.#append(chunk);
    for (;;) {
      const feed = bytes.indexOf(LF, from);
      if (feed < 0) return bytes.length > bytesMax ? headersTooLarge : this.#wait(bytes, from);
      if (feed >= bytesMax) return headersTooLarge;
      const start = this.#lineStart;
      from = feed + 1;
      this.#lineStart = from;
      if (feed === start || bytes[feed - 1] !== CR) return notHttp;
      const end = feed - 1;
      let refusal: HandshakeRefusal | undefined;
      if (end > start) refusal = this.#readLine(bytes, start, end);
      else if (this.#method !== undefined) return this.#head(bytes.subarray(from));
      if (refusal !== undefined) return refusal;
    }
  }

  #head(rest: Uint8Array): RequestHead {
    const method = this.#method ?? "";
    const lines = this.#lines;
    return { method, target: this.#target, httpVersion: this.#httpVersion, lines, rest };
  }

  /** Keeps what came. What cannot become a request line is refused before its line ends. */
  #wait(bytes: Uint8Array, from: number): HandshakeRefusal | undefined {
    // The byte before may be a CR that was the last one of its chunk.
    const first = Math.max(this.#lineStart, from - 1);
    if (this.#method === undefined && !isText(bytes, first)) return notHttp;
    if (this.#length === 0) this.#append(bytes);
    return undefined;
  }

  #append(chunk: Uint8Array): Uint8Array {
    const length = this.#length + chunk.length;
    if (length > this.#held.length) {
      const held = new Uint8Array(Math.max(2 * this.#held.length, length, 512));
      held.set(this.#held.subarray(0, this.#length));
      this.#held = held;
    }
    this.#held.set(chunk, this.#length);
    this.#length = length;
    return this.#held.subarray(0, length);
  }

  #readLine(bytes: Uint8Array, start: number, end: number): HandshakeRefusal | undefined {
    if (this.#method === undefined) return this.#readRequestLine(bytes, start, end);
    const colon = endOf(Part.name, bytes, start, end);
    if (colon === start || bytes[colon] !== COLON) return badHeader;
    if (endOf(Part.value, bytes, colon + 1, end) !== end) return badHeader;
    let from = colon + 1;
    let to = end;
    while (from < to && isSpace(bytes[from])) from += 1;
    while (to > from && isSpace(bytes[to - 1])) to -= 1;
    const { text, linesMax } = this.#options;
    if (this.#lines.length === linesMax) return tooManyLines;
    const name = commonName(bytes, start, colon) ?? text(bytes, start, colon).toLowerCase();
    const value = text(bytes, from, to);
    this.#lines.push([name, value]);
    return this.#fitsLength(name, value) ? undefined : badLength;
  }

  /** RFC 9112, 3: method, target and version, with one space in between. */
  #readRequestLine(bytes: Uint8Array, start: number, end: number): HandshakeRefusal | undefined {
    const { text } = this.#options;
    const targetStart = endOf(Part.name, bytes, start, end) + 1;
    const targetEnd = endOf(Part.target, bytes, targetStart, end);
    if (targetStart === start + 1 || bytes[targetStart - 1] !== SPACE) return notHttp;
    if (bytes[targetEnd] !== SPACE) return notHttp;
    const [, httpVersion] = /^HTTP\/(\d\.\d)$/.exec(text(bytes, targetEnd + 1, end)) ?? [];
    const method = text(bytes, start, targetStart - 1);
    const target = text(bytes, targetStart, targetEnd);
    const form = method === "CONNECT" ? AUTHORITY : TARGET;
    if (httpVersion === undefined || !form.test(target)) return notHttp;
    this.#method = method;
    this.#target = target;
    this.#httpVersion = httpVersion;
    return undefined;
  }

  /** RFC 9112, 6.3: a length that can be read in two ways smuggles a second request in. */
  #fitsLength(name: string, value: string): boolean {
    const isLength = name === "content-length";
    if (!isLength && name !== "transfer-encoding") return true;
    const isValid = isLength ? LENGTH.test(value) : value.toLowerCase() === "chunked";
    if (this.#framed) return false;
    this.#framed = true;
    return isValid;
  }
}

/** A name in lower case, if it is a common one. `bytes` are those of a token. */
function commonName(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (const name of commonNames[end - start] ?? []) {
    let at = start;
    // The bit of lower case. No other character of a token becomes a letter or a dash by it.
    while (at < end && (bytes[at]! | 0x20) === name.charCodeAt(at - start)) at += 1;
    if (at === end) return name;
  }
  return undefined;
}

function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

/** The offset of the first byte from `from` on that may not stand in this part. */
function endOf(part: number, bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (partsOf[bytes[at]!]! & part) !== 0) at += 1;
  return at;
}

/** Whether the bytes from `from` on may stand in a request line. The last one may be its CR. */
function isText(bytes: Uint8Array, from: number): boolean {
  const last = bytes.length - 1;
  const end = bytes[last] === CR ? last : last + 1;
  return endOf(Part.value, bytes, from, end) === end;
}
