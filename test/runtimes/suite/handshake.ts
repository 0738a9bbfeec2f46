import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Handshake,
  handshakeText,
  RawClient,
  sampleAccept,
} from "../../support/clients/raw-client.ts";
import { clientFrame } from "../../support/clients/raw-client-frames.ts";
import type { SuiteContext } from "./context.ts";

interface BadHandshake extends Handshake {
  readonly what: string;
  readonly statusCode: number;
  /** What the answer's body begins with; undefined where the runtime answers by itself. */
  readonly code?: string;
  readonly answerHeaders?: Readonly<Record<string, string>>;
}

const plain = { Upgrade: undefined, Connection: undefined };
const bad: readonly BadHandshake[] = [
  {
    what: "a plain GET",
    headers: plain,
    statusCode: 426,
    code: "handshake-plain",
    answerHeaders: { upgrade: "websocket", "sec-websocket-version": "13" },
  },
  { what: "a POST", method: "POST", headers: plain, statusCode: 400, code: "handshake-method" },
  {
    what: "version 8",
    headers: { "Sec-WebSocket-Version": "8" },
    statusCode: 426,
    code: "handshake-version",
    answerHeaders: { "sec-websocket-version": "13" },
  },
  {
    what: "no version",
    headers: { "Sec-WebSocket-Version": undefined },
    statusCode: 426,
    code: "handshake-version",
  },
  {
    what: "a short key",
    headers: { "Sec-WebSocket-Key": "c2hvcnQ=" },
    statusCode: 400,
    code: "handshake-key",
  },
  {
    what: "no key",
    headers: { "Sec-WebSocket-Key": undefined },
    statusCode: 400,
    code: "handshake-key",
  },
  {
    what: "an upgrade to something else",
    headers: { Upgrade: "h2c" },
    statusCode: 400,
    code: "handshake-upgrade",
  },
  ...[17, 60].map((kibibytes) => ({
    what: `a header of ${kibibytes} KiB`,
    headers: { "X-Long": "x".repeat(kibibytes * 1_024) },
    statusCode: 431,
    code: "handshake-headers",
  })),
  {
    what: "a target of 17 KiB",
    path: `/?${"x".repeat(17_408)}`,
    statusCode: 431,
    code: "handshake-headers",
  },
  { what: "a refused path", path: "/forbidden", statusCode: 403, code: "handshake-refused" },
  { what: "a handler that fails", path: "/throws", statusCode: 500, code: "internal" },
];

/** Opening handshakes: RFC 6455, 4.2. */
export function handshakeTests(context: SuiteContext): void {
  const { name, can } = context.combination;

  for (const { what, statusCode, code, answerHeaders, ...handshake } of bad) {
    test(`${name}: ${what} gets ${statusCode}`, async () => {
      const client = await RawClient.connect(context.fixture().port);
      client.write(handshakeText(handshake));
      const answer = await client.answer();
      assert.equal(answer.statusCode, statusCode);
      for (const [header, value] of Object.entries(answerHeaders ?? {})) {
        assert.equal(answer.headers.get(header), value);
      }
      if (code !== undefined) {
        const length = Number(answer.headers.get("content-length"));
        const body = (await client.bytes(length)).toString();
        // People read what a browser gets.
        const text = code === "handshake-plain" ? `^${code}: .+\\.` : `"${code}","message":".+"}`;
        assert.match(body, new RegExp(`${text}\n$`));
      }
      client.destroy();
    });
  }

  const gap = can.hugeHead === "ours" ? "" : "gap: ";
  for (const [what, lines] of [
    ["70 KiB", { "X-Long": "x".repeat(71_680) }],
    ["300 lines", Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`X-${at}`, "x"]))],
  ] as const) {
    test(`${name}: ${gap}headers of ${what} are refused`, async () => {
      const client = await RawClient.connect(context.fixture().port);
      client.write(handshakeText({ headers: lines }));
      const answer = await client.answer();
      assert.equal(answer.statusCode, can.hugeHead === "ours" ? 431 : can.hugeHead);
      const length = Number(answer.headers.get("content-length") ?? 0);
      const body = (await client.bytes(length)).toString();
      assert.equal(body.includes('"code":"handshake-headers"'), can.hugeHead === "ours");
      client.destroy();
    });
  }

  test(`${name}: bytes that are no HTTP end the connection and nothing else`, async () => {
    const client = await RawClient.connect(context.fixture().port);
    client.write(
      Buffer.from("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n", "latin1"),
    );
    await client.end();
    client.destroy();
    const other = await context.open("after-garbage");
    other.text("still here");
    assert.equal(await other.nextText(), "still here");
  });

  test(`${name}: a page is served by the same port`, async () => {
    const client = await RawClient.connect(context.fixture().port);
    client.write(handshakeText({ path: "/page", headers: plain }));
    const answer = await client.answer();
    assert.equal(answer.statusCode, 200);
    assert.match(answer.headers.get("content-type") ?? "", /^text\/html/);
    assert.equal((await client.bytes(13)).toString(), "<p>a page</p>");
    client.destroy();
  });

  test(`${name}: the accept value is that of RFC 6455, 1.3`, async () => {
    const client = await RawClient.connect(context.fixture().port);
    client.write(handshakeText());
    const answer = await client.answer();
    assert.equal(answer.statusCode, 101);
    assert.equal(answer.headers.get("upgrade")?.toLowerCase(), "websocket");
    assert.equal(answer.headers.get("connection")?.toLowerCase(), "upgrade");
    assert.equal(answer.headers.get("sec-websocket-accept"), sampleAccept);
    assert.equal(answer.headers.get("sec-websocket-protocol"), undefined);
    assert.equal(answer.headers.get("sec-websocket-extensions"), undefined);
    client.destroy();
  });

  test(`${name}: a handshake in pieces`, async () => {
    const client = await RawClient.connect(context.fixture().port);
    const text = handshakeText({ path: "/?name=pieces" });
    for (let at = 0; at < text.length; at += 30) {
      await client.writeAll(Buffer.from(text.slice(at, at + 30)));
      await client.turn();
    }
    assert.equal((await client.answer()).statusCode, 101);
    const opened = await context.fixture().event("open", "pieces");
    assert.match(String(opened.ip), /^(?:::ffff:)?127\.0\.0\.1$/);
    client.destroy();
  });

  for (const path of ["/", "/later"]) {
    const kept = path === "/" || can.earlyFrames;
    test(`${name}: ${kept ? "" : "gap: lost "}frames behind a handshake of ${path}`, async () => {
      const client = await RawClient.connect(context.fixture().port);
      const frame = clientFrame({ opcode: 1, payload: "early" });
      client.write(Buffer.concat([Buffer.from(handshakeText({ path })), frame]));
      assert.equal((await client.answer()).statusCode, kept ? 101 : 400);
      if (kept) assert.equal(await client.nextText(), "early");
      client.destroy();
    });
  }

  test(`${name}: a handshake that is answered later`, async () => {
    const client = await context.open("later", { path: "/later" });
    client.text("hello");
    assert.equal(await client.nextText(), "hello");
  });

  for (const [offered, chosen] of [
    ["v2, chat", "v2"],
    ["other, chat", "chat"],
    ["other", undefined],
    // RFC 9110, 5.6.1: no space, tabs and empty elements are as valid.
    ["other,chat", "chat"],
    ["other\t,\tchat", "chat"],
    [",, other ,, chat ,", "chat"],
  ] as const) {
    const shown = JSON.stringify(offered);
    test(`${name}: of the subprotocols ${shown} it is ${chosen ?? "none"}`, async () => {
      const client = await RawClient.connect(context.fixture().port);
      client.write(handshakeText({ headers: { "Sec-WebSocket-Protocol": offered } }));
      const answer = await client.answer();
      assert.equal(answer.statusCode, 101);
      assert.equal(answer.headers.get("sec-websocket-protocol"), chosen);
      client.destroy();
    });
  }
}
