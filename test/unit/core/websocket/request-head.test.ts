import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HandshakeRefusal } from "../../../../core/ports/mod.ts";
import { type RequestHead, RequestHeadReader } from "../../../../core/websocket/mod.ts";

const bytesMax = 400;
const linesMax = 5;

const reader = (): RequestHeadReader =>
  new RequestHeadReader({
    bytesMax,
    linesMax,
    text: (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to)),
  });

const bytesOf = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

type Outcome = RequestHead | HandshakeRefusal | undefined;

/** What comes of a text in chunks of `size` bytes: the first answer, and the bytes it took. */
function read(text: string, size: number): { readonly outcome: Outcome; readonly taken: number } {
  const one = reader();
  const bytes = bytesOf(text);
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.slice(at, at + size);
    const outcome = one.read(chunk);
    // A chunk is valid during the call alone.
    chunk.fill(0x21);
    if (outcome !== undefined) return { outcome, taken: Math.min(bytes.length, at + size) };
  }
  return { outcome: undefined, taken: bytes.length };
}

function headOf(text: string): RequestHead {
  const outcome = reader().read(bytesOf(text));
  assert.ok(outcome !== undefined && "method" in outcome, `${JSON.stringify(text)} is no head`);
  return outcome;
}

const get = "GET /chat?x=1 HTTP/1.1\r\n";

describe("the head of a request", () => {
  test("method, target, version and lines, in one chunk or byte by byte", () => {
    const text = `${get}Host: a:1\r\nX-Two:\t b c \r\nx-two:\r\nX-\u0021:\u00e9\u00ff\r\n\r\n`;
    const expected = {
      method: "GET",
      target: "/chat?x=1",
      httpVersion: "1.1",
      lines: [
        ["host", "a:1"],
        ["x-two", "b c"],
        ["x-two", ""],
        ["x-!", "\u00e9\u00ff"],
      ],
    };
    for (let size = 1; size <= text.length; size += 1) {
      const { outcome, taken } = read(text, size);
      assert.ok(outcome !== undefined && "method" in outcome);
      const { rest, ...head } = outcome;
      assert.deepEqual(head, expected);
      assert.equal(rest.length, 0);
      assert.equal(taken, text.length);
    }
  });

  test("common names come in any case, and what differs by a character is another name", () => {
    const names = ["HoSt", "UPGRADE", "sec-WebSocket-Key", "hos`", "Hos^", "h0st", "c\u002eokie"];
    for (const name of names) {
      const { lines } = headOf(`${get}${name}: v\r\n\r\n`);
      assert.deepEqual(lines, [[name.toLowerCase(), "v"]]);
    }
  });

  test("what comes behind it is handed on", () => {
    assert.deepEqual(headOf(`${get}\r\n\u0081\u0080`).rest, bytesOf("\u0081\u0080"));
    const late = reader();
    assert.equal(late.read(bytesOf(get)), undefined);
    const outcome = late.read(bytesOf("\r\nab"));
    assert.ok(outcome !== undefined && "method" in outcome);
    assert.deepEqual(outcome.rest, bytesOf("ab"));
  });

  test("RFC 9112, 2.2: empty lines before the request line are skipped", () => {
    assert.equal(headOf(`\r\n\r\n${get}\r\n`).target, "/chat?x=1");
  });

  for (const target of [
    "/",
    "//a/../b",
    "/a#b\\c",
    "*",
    "http://a.example:80/x",
    "ws://[::1]?x",
  ]) {
    test(`the target ${target} comes as it was sent`, () => {
      assert.equal(headOf(`GET ${target} HTTP/1.1\r\n\r\n`).target, target);
    });
  }

  test("CONNECT names an authority, and nothing else does", () => {
    assert.equal(headOf("CONNECT a.example:80 HTTP/1.1\r\n\r\n").target, "a.example:80");
    for (const line of ["CONNECT / HTTP/1.1", "GET a.example:80 HTTP/1.1"]) {
      const { outcome } = read(`${line}\r\n\r\n`, 100);
      assert.ok(outcome !== undefined && "statusCode" in outcome, line);
    }
  });

  test("other versions and methods are read: the core refuses them by their names", () => {
    assert.equal(headOf("GET / HTTP/2.0\r\n\r\n").httpVersion, "2.0");
    assert.equal(headOf("BREW / HTTP/1.1\r\n\r\n").method, "BREW");
  });

  for (const length of ["Content-Length: 5", "Content-Length: 0", "Transfer-Encoding: Chunked"]) {
    test(`${length} is read: the core refuses a body`, () => {
      assert.equal(headOf(`${get}${length}\r\n\r\n`).lines.length, 1);
    });
  }
});

interface Bad {
  readonly what: string;
  readonly text: string;
  readonly statusCode?: number;
}

const long = "x".repeat(100);
const bad: readonly Bad[] = [
  ...[
    "GET /\r\n",
    "GET  / HTTP/1.1\r\n",
    "GET /  HTTP/1.1\r\n",
    "GET\t/ HTTP/1.1\r\n",
    " GET / HTTP/1.1\r\n",
    "G(T / HTTP/1.1\r\n",
    "GET / HTTP/1.1 \r\n",
    "GET / http/1.1\r\n",
    "GET / HTTP/1.10\r\n",
    "GET /\u00e9 HTTP/1.1\r\n",
    "GET /\u007f HTTP/1.1\r\n",
    "GET x HTTP/1.1\r\n",
    "GET http:/// HTTP/1.1\r\n",
    "GET / HTTP/1.1\n",
    "GET /\r HTTP/1.1\r\n",
    "GET / HTTP/1.1\r\r\n",
    "\n",
  ].map((text) => ({ what: "a request line", text })),
  ...[
    "A : b\r\n",
    " A: b\r\n",
    "A: b\r\n c\r\n",
    ": b\r\n",
    "A\r\n",
    "A b: c\r\n",
    "A(: b\r\n",
    "\u00e9: b\r\n",
    "A: b\n",
    "A: b\rc\r\n",
    "A: b\u0000c\r\n",
    "A: b\u000bc\r\n",
    "A: b\u007fc\r\n",
  ].map((lines) => ({ what: "a header", text: get + lines })),
  ...[
    "Content-Length: 0\r\nContent-Length: 0\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 0, 0\r\n",
    "Content-Length: +5\r\n",
    "Content-Length: 0x5\r\n",
    "Content-Length:\r\n",
    "Content-Length: 1234567890123456\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: identity\r\n",
  ].map((lines) => ({ what: "a length", text: get + lines })),
  { what: "a line too many", text: `${get}${"A: b\r\n".repeat(linesMax + 1)}`, statusCode: 431 },
  { what: "a byte too many", text: `${get}A: ${long.repeat(4)}\r\n`, statusCode: 431 },
  { what: "a line without an end", text: `${get}A: ${long.repeat(4)}`, statusCode: 431 },
];

describe("a head that is none", () => {
  for (const { what, text, statusCode = 400 } of bad) {
    test(`${what} is refused: ${JSON.stringify(text.slice(0, 60))}`, () => {
      for (const size of [1, 7, text.length]) {
        // No further byte is needed: the answer comes with the line that is wrong.
        const { outcome } = read(text, size);
        assert.ok(outcome !== undefined && "statusCode" in outcome, `in chunks of ${size}`);
        assert.equal(outcome.statusCode, statusCode);
        const code = statusCode === 431 ? "handshake-headers" : "handshake-refused";
        assert.equal(outcome.errorCode, code);
      }
    });
  }

  test("what cannot become a request line is refused before its end", () => {
    for (const text of ["\x16\x03\x01", "GET /\x00", "GET / HTTP/1.1\rx"]) {
      const { outcome, taken } = read(text, 1);
      assert.ok(outcome !== undefined && "statusCode" in outcome);
      assert.equal(outcome.statusCode, 400);
      assert.ok(taken <= text.length);
    }
    assert.equal(read("GET / HTTP/1.1\r", 1).outcome, undefined);
  });

  test("exactly as many bytes and lines as are allowed", () => {
    const fill = "x".repeat(bytesMax - `${get}A: \r\n\r\n`.length);
    const text = `${get}A: ${fill}\r\n\r\n`;
    assert.equal(text.length, bytesMax);
    for (const size of [1, bytesMax]) assert.ok(read(text, size).outcome !== undefined);
    assert.equal(headOf(text).lines[0]?.[1], fill);
    assert.equal(headOf(`${text}${long}`).rest.length, long.length);
    const over = read(`${get}A: ${fill}x\r\n\r\n`, bytesMax + 1).outcome;
    assert.ok(over !== undefined && "statusCode" in over);
    assert.equal(headOf(`${get}${"A: b\r\n".repeat(linesMax)}\r\n`).lines.length, linesMax);
  });

  test("a line of 20,000 bytes, one by one", () => {
    const value = "x".repeat(20_000);
    const one = new RequestHeadReader({
      bytesMax: 30_000,
      linesMax,
      text: (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to)),
    });
    let outcome: Outcome;
    for (const byte of bytesOf(`${get}A: ${value}\r\n\r\n`)) {
      assert.equal(outcome, undefined);
      outcome = one.read(Uint8Array.of(byte));
    }
    assert.ok(outcome !== undefined && "method" in outcome);
    assert.deepEqual(outcome.lines, [["a", value]]);
  });
});
