import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { AnswerParser, HeadReader } from "../../../../../adapters/http-client/answer/mod.ts";
import { limits, ServiceError } from "../../../../../core/base/mod.ts";

/** The outcome of bytes that come in these pieces, then perhaps the end of the stream. */
function read(pieces: readonly string[], options: { ends?: boolean; max?: number } = {}): string {
  const parser = new AnswerParser({ heads: new HeadReader(), bodyBytesMax: options.max ?? 1_000 });
  try {
    for (const piece of pieces) parser.push(Buffer.from(piece, "latin1"));
    if (options.ends === true) parser.end();
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error));
    return error.code;
  }
  const { answer } = parser;
  if (answer === undefined) return "unfinished";
  const body = Buffer.from(answer.body).toString("latin1");
  return `${answer.status} ${body} ${parser.reusable ? "kept" : "closed"}`;
}

/** One piece, single bytes, and every cut in two: the same each time. */
function readAllWays(text: string, options?: { ends?: boolean; max?: number }): string {
  const outcome = read([text], options);
  assert.equal(read([...text], options), outcome, `${text} in single bytes`);
  for (let cut = 1; cut < text.length; cut++) {
    const pieces = [text.slice(0, cut), text.slice(cut)];
    assert.equal(read(pieces, options), outcome, `${text} cut at ${cut}`);
  }
  return outcome;
}

const ok = "HTTP/1.1 200 OK\r\n";
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;

const understood: readonly (readonly [text: string, outcome: string, ends?: boolean])[] = [
  [`${ok}Content-Length: 5\r\n\r\nhello`, "200 hello kept"],
  [`${ok}content-length:0\r\n\r\n`, "200  kept"],
  [`${ok}X:\t a b \t\r\nContent-Length: 2  \r\n\r\nhi`, "200 hi kept"],
  ["HTTP/1.1 204\r\n\r\n", "204  kept"],
  ["HTTP/1.1 204 \r\n\r\n", "204  kept"],
  ["HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304  kept"],
  ["HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "302  kept"],
  ["HTTP/1.1 500 caf\xe9\r\nContent-Length: 1\r\n\r\n!", "500 ! kept"],
  [`${ok}Connection: close\r\nContent-Length: 2\r\n\r\nhi`, "200 hi closed"],
  [`${ok}Connection: x, Close\r\nContent-Length: 2\r\n\r\nhi`, "200 hi closed"],
  ["HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 hi closed"],
  ["HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi", "200 hi kept"],
  ["HTTP/1.0 200 OK\r\n\r\nuntil the end", "200 until the end closed", true],
  [`${ok}\r\nuntil the end`, "200 until the end closed", true],
  [`${ok}\r\n`, "200  closed", true],
  [`${chunked}5\r\nhello\r\n0\r\n\r\n`, "200 hello kept"],
  [`${chunked}1\r\na\r\n0A\r\nbcdefghijk\r\n000\r\n\r\n`, "200 abcdefghijk kept"],
  [`${chunked}1;x="y"\r\na\r\n1 ;z\r\nb\r\n0;last\r\nTrailer: x\r\nB: y\r\n\r\n`, "200 ab kept"],
  [`${ok}Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n`, "200  kept"],
  [`HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 2\r\n\r\nhi`, "200 hi kept"],
  [
    `HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 P\r\n\r\n${chunked}0\r\n\r\n`,
    "200  kept",
  ],
  // The next answer, which nobody asked for.
  [`${ok}Content-Length: 2\r\n\r\nhi${ok}`, "200 hi closed"],
  [`${chunked}0\r\n\r\nx`, "200  closed"],
];

test("answers of every framing, in pieces of any size", () => {
  for (const [text, outcome, ends = false] of understood) {
    assert.equal(readAllWays(text, { ends }), outcome, JSON.stringify(text));
  }
});

const malformed: readonly string[] = [
  "\r\nHTTP/1.1 200 OK\r\n\r\n",
  "HTTP/2 200 OK\r\n\r\n",
  "HTTP/1.2 200 OK\r\n\r\n",
  "http/1.1 200 OK\r\n\r\n",
  "HTTP/1.1 99 OK\r\n\r\n",
  "HTTP/1.1 2000 OK\r\n\r\n",
  "HTTP/1.1 600 OK\r\n\r\n",
  "HTTP/1.1  200 OK\r\n\r\n",
  "HTTP/1.1 200OK\r\n\r\n",
  "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
  "SSH-2.0-OpenSSH\r\n\r\n",
  `${ok}no colon\r\n\r\n`,
  `${ok}: no name\r\n\r\n`,
  `${ok}na me: x\r\n\r\n`,
  `${ok}Name : x\r\n\r\n`,
  `${ok}A: b\r\n folded: c\r\n\r\n`,
  `${ok}A: b\nContent-Length: 0\r\n\r\n`,
  `${ok}A: b\rC: d\r\n\r\n`,
  `${ok}A: \x00\r\n\r\n`,
  `${ok}A: \x7f\r\n\r\n`,
  `${ok}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
  `${ok}Content-Length: 5, 5\r\n\r\nhello`,
  `${ok}Content-Length: +5\r\n\r\nhello`,
  `${ok}Content-Length: -1\r\n\r\n`,
  `${ok}Content-Length: 0x5\r\n\r\nhello`,
  `${ok}Content-Length: 5.0\r\n\r\nhello`,
  `${ok}Content-Length:\r\n\r\n`,
  `${ok}Content-Length: 1234567890123456\r\n\r\n`,
  "HTTP/1.1 204 x\r\nContent-Length: x\r\n\r\n",
  `${ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  `${ok}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
  `${ok}Transfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n`,
  `${ok}Transfer-Encoding: identity\r\n\r\n`,
  "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  `${ok}Content-Encoding: br\r\nContent-Length: 2\r\n\r\nhi`,
  `${ok}Content-Encoding: gzip, gzip\r\nContent-Length: 2\r\n\r\nhi`,
  `${ok}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi`,
  `${chunked}\r\n`,
  `${chunked}x\r\n`,
  `${chunked};x\r\n`,
  `${chunked}-1\r\n`,
  `${chunked}0x1\r\n`,
  `${chunked}+1\r\na`,
  `${chunked}000000000\r\n`,
  `${chunked}1\na`,
  `${chunked}1\r\r\na`,
  `${chunked}1;\x00\r\na`,
  `${chunked}1;x\ny\r\na`,
  `${chunked}1\r\nab\r\n`,
  `${chunked}1\r\na\n`,
  `${chunked}1\r\na\r\r`,
  `${chunked}0\r\nA: \x00\r\n\r\n`,
  `${chunked}0\r\nA: b\n\r\n`,
  `${chunked}0\r\nA: b\r\r\n`,
  `${chunked}0\r\n\r\r`,
];

test("what could be read in two ways is refused, in pieces of any size", () => {
  for (const text of malformed) {
    assert.equal(readAllWays(text), "http-answer-malformed", JSON.stringify(text));
  }
});

const unfinished: readonly string[] = [
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 100 Continue\r\n\r\n",
  `${ok}Content-Length: 5\r\n\r\nhell`,
  `${chunked}5\r\nhello\r\n`,
  `${chunked}5\r\nhello\r\n0\r\n`,
  `${chunked}5\r\nhello\r\n0\r\n\r`,
];

test("the end of the stream in the middle completes nothing", () => {
  for (const text of unfinished) {
    assert.equal(readAllWays(text, { ends: true }), "unfinished", JSON.stringify(text));
  }
});

const tooBig: readonly string[] = [
  `${ok}Content-Length: 11\r\n\r\n`,
  `${ok}Content-Length: 999999999999999\r\n\r\n`,
  `${ok}\r\n01234567890`,
  `${chunked}B\r\n`,
  `${chunked}ffffffff\r\n`,
  `${chunked}A\r\n0123456789\r\n1\r\n`,
];

test("a body is refused as soon as it is known to be too large", () => {
  const options = { max: 10 };
  for (const text of tooBig) assert.equal(readAllWays(text, options), "http-answer-too-big");
  const exact = `${chunked}5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n`;
  assert.equal(readAllWays(exact, options), "200 0123456789 kept");
  assert.equal(
    readAllWays(`${ok}Content-Length: 10\r\n\r\n0123456789`, options).slice(-4),
    "kept",
  );
});

test("a body in gzip is read, within the same limit, and refused if it is cut", () => {
  const gzip = gzipSync("hello, hello, hello").toString("latin1");
  const coded = `${ok}Content-Encoding: GZIP\r\n`;
  const sized = `${coded}Content-Length: ${gzip.length}\r\n\r\n${gzip}`;
  const size = gzip.length.toString(16);
  const inChunks = `${coded}Transfer-Encoding: chunked\r\n\r\n${size}\r\n${gzip}\r\n0\r\n\r\n`;
  const [kept, closed] = ["200 hello, hello, hello kept", "200 hello, hello, hello closed"];
  assert.equal(readAllWays(sized), kept);
  assert.equal(readAllWays(sized.replace("GZIP", "x-gzip")), kept);
  assert.equal(readAllWays(inChunks), kept);
  assert.equal(readAllWays(`${coded}\r\n${gzip}`, { ends: true }), closed);
  assert.equal(readAllWays(`${coded}Content-Length: 0\r\n\r\n`), "200  kept");
  const cut = `${coded}\r\n${gzip.slice(0, -9)}`;
  assert.equal(read([cut], { ends: true }), "http-answer-malformed");
  const bomb = gzipSync(Buffer.alloc(1_001)).toString("latin1");
  const bombed = `${coded}Content-Length: ${bomb.length}\r\n\r\n${bomb}`;
  assert.equal(readAllWays(bombed), "http-answer-too-big");
  assert.match(readAllWays(bombed, { max: 1_001 }), /kept$/);
});

test("headers, interim answers, extensions and trailers are bounded", () => {
  const flood = `${ok}${"A: b\r\n".repeat(limits.httpHeadBytesMax / 6)}`;
  assert.equal(read([flood]), "http-answer-too-big");
  assert.equal(read([...flood]), "http-answer-too-big");
  const hints = "HTTP/1.1 103 Hints\r\n\r\n".repeat(limits.httpHeadBytesMax / 20);
  assert.equal(read([hints]), "http-answer-too-big");
  const long = "x".repeat(limits.httpHeadBytesMax + 1);
  assert.equal(read([`${chunked}1;${long}`]), "http-answer-malformed");
  assert.equal(read([`${chunked}0\r\n${long}`]), "http-answer-malformed");
  const tiny = `1;${"x".repeat(100)}\r\na\r\n`.repeat(limits.httpHeadBytesMax / 100);
  assert.equal(read([chunked, tiny]), "http-answer-malformed");
});

test("headers by names in lower case, repeated ones joined, the type without parameters", () => {
  const parser = new AnswerParser({ heads: new HeadReader(), bodyBytesMax: 10 });
  const lines = ["X-One: a", "x-one: b", "Content-Type: Application/JSON; charset=utf-8"];
  parser.push(Buffer.from(`${ok}${lines.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`));
  const { answer } = parser;
  assert.equal(answer?.headers.get("x-one"), "a, b");
  assert.equal(answer?.contentType, "application/json");
});

test("a body in many pieces costs time in proportion to its length", () => {
  const parser = new AnswerParser({ heads: new HeadReader(), bodyBytesMax: 1_048_576 });
  parser.push(Buffer.from(`${ok}Content-Length: 1048576\r\n\r\n`));
  const piece = Buffer.from("x");
  for (let i = 0; i < 1_048_576; i++) parser.push(piece);
  assert.equal(parser.answer?.body.length, 1_048_576);
});
