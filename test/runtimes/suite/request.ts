import assert from "node:assert/strict";
import { test } from "node:test";
import { RawClient, sampleKey } from "../../support/clients/raw-client.ts";
import type { SuiteContext } from "./context.ts";

interface BadRequest {
  readonly what: string;
  readonly line?: string;
  /** In place of `Host: 127.0.0.1`. */
  readonly host?: readonly string[];
  readonly more?: readonly string[];
  readonly body?: string;
  readonly statusCode: number;
  /** What the answer's body begins with. */
  readonly code: string;
}

const bad: readonly BadRequest[] = [
  { what: "no Host", host: [], statusCode: 400, code: "handshake-headers" },
  {
    what: "two Hosts",
    host: ["Host: 127.0.0.1", "Host: other"],
    statusCode: 400,
    code: "handshake-headers",
  },
  { what: "HTTP/1.0", line: "GET / HTTP/1.0", statusCode: 400, code: "handshake-http" },
  { what: "HTTP/2.0", line: "GET / HTTP/2.0", statusCode: 505, code: "handshake-http" },
  {
    what: "CONNECT",
    line: "CONNECT example.com:80 HTTP/1.1",
    statusCode: 400,
    code: "handshake-method",
  },
  {
    what: "a body",
    more: ["Content-Length: 5"],
    body: "hello",
    statusCode: 400,
    code: "handshake-body",
  },
  {
    what: "a chunked body",
    more: ["Transfer-Encoding: chunked"],
    body: "5\r\nhello\r\n0\r\n\r\n",
    statusCode: 400,
    code: "handshake-body",
  },
  ...[
    ["a bare line feed", "X-A: b\nX-B: c"],
    ["a folded header", "X-A: b\r\n c"],
    ["a space before a colon", "X-A : b"],
    ["a NUL in a value", "X-A: b\u0000c"],
    ["two lengths", "Content-Length: 0\r\nContent-Length: 0"],
  ].map(([what = "", line = ""]) => ({
    what,
    more: [line],
    statusCode: 400,
    code: "handshake-refused",
  })),
  ...["/a\\b", "/a/../b", "/a/%2e%2E/b", "/./b", "/..", "/a#b"].map((target) => ({
    what: target,
    line: `GET ${target} HTTP/1.1`,
    statusCode: 400,
    code: "handshake-target",
  })),
  {
    what: "an absolute target with dots",
    line: "GET http://127.0.0.1/a/../b HTTP/1.1",
    statusCode: 400,
    code: "handshake-target",
  },
];

const upgrade = [
  "Upgrade: websocket",
  "Connection: Upgrade",
  `Sec-WebSocket-Key: ${sampleKey}`,
  "Sec-WebSocket-Version: 13",
];

/** Request lines and headers that no handshake may have: RFC 9112, 2 and 3; RFC 6455, 4.2.1. */
export function requestTests(context: SuiteContext): void {
  const { name, can } = context.combination;

  for (const { what, line, host, more, body, statusCode, code } of bad) {
    const own = can.ownAnswers[what];
    const gap = own === undefined ? "" : own === 101 ? "gap: " : "the runtime's own answer: ";
    test(`${name}: ${gap}a handshake with ${what} gets ${own ?? statusCode}`, async () => {
      const client = await RawClient.connect(context.fixture().port);
      const head = [
        line ?? "GET / HTTP/1.1",
        ...(host ?? ["Host: 127.0.0.1"]),
        ...upgrade,
        ...(more ?? []),
      ];
      client.write(`${head.join("\r\n")}\r\n\r\n${body ?? ""}`);
      const answer = await client.wholeAnswer();
      assert.equal(answer.statusCode, own ?? statusCode);
      if (own === undefined)
        assert.match(answer.body, new RegExp(`"code":"${code}","message":".+"}\n$`));
      client.destroy();
    });
  }

  test(`${name}: dots in a name, and in a query, are no segments`, async () => {
    for (const line of ["GET /a..b/...?/../", "GET /.a/b.?x=\\"]) {
      const client = await RawClient.connect(context.fixture().port);
      const head = [`${line} HTTP/1.1`, "Host: 127.0.0.1:80", ...upgrade];
      client.write(`${head.join("\r\n")}\r\n\r\n`);
      assert.equal((await client.answer()).statusCode, 101);
      client.destroy();
    }
  });
}
