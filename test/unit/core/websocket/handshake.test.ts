import assert from "node:assert/strict";
import { test } from "node:test";
import type { HandshakeRequest } from "../../../../core/ports/mod.ts";
import {
  answerDeflate,
  checkHandshake,
  chooseSubprotocol,
  refuse,
} from "../../../../core/websocket/mod.ts";

type Headers = Readonly<Record<string, string | undefined>>;

const good: Headers = {
  host: "example",
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-version": "13",
};

function request(headers: Headers, method: string = "GET"): HandshakeRequest {
  const present = Object.entries({ ...good, ...headers }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const byName = new Map(present);
  return {
    method,
    path: "/",
    query: "",
    header: (name) => byName.get(name),
    headers: () => present,
    remoteAddress: "127.0.0.1",
  };
}

test("a good handshake gives key, subprotocols and the offer of deflate", () => {
  const headers = {
    connection: "keep-alive, upgrade",
    upgrade: "h2c, WebSocket",
    "sec-websocket-protocol": "chat , v2,, chat",
    "sec-websocket-extensions": "permessage-deflate; client_max_window_bits",
  };
  assert.deepEqual(checkHandshake(request(headers)), {
    ok: true,
    key: "dGhlIHNhbXBsZSBub25jZQ==",
    offeredSubprotocols: ["chat", "v2"],
    deflateOffered: true,
  });
});

const bad: readonly [what: string, headers: Headers, statusCode: number, code: string][] = [
  ["no upgrade", { upgrade: undefined }, 426, "handshake-plain"],
  ["another upgrade", { upgrade: "websocket2" }, 400, "handshake-upgrade"],
  ["no connection", { connection: undefined }, 400, "handshake-upgrade"],
  ["another connection", { connection: "close, upgrades" }, 400, "handshake-upgrade"],
  ["no version", { "sec-websocket-version": undefined }, 426, "handshake-version"],
  ["version 8", { "sec-websocket-version": "8" }, 426, "handshake-version"],
  ["two versions", { "sec-websocket-version": "13, 13" }, 426, "handshake-version"],
  ["no key", { "sec-websocket-key": undefined }, 400, "handshake-key"],
  ["a key of 15 bytes", { "sec-websocket-key": "dGhlIHNhbXBsZSBub25j" }, 400, "handshake-key"],
  ["a key of 17 bytes", { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZXM=" }, 400, "handshake-key"],
  [
    "a key with loose bits",
    { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZR==" },
    400,
    "handshake-key",
  ],
  ["two keys", { "sec-websocket-key": `${good["sec-websocket-key"]}, x` }, 400, "handshake-key"],
  ["no token as subprotocol", { "sec-websocket-protocol": "a b" }, 400, "handshake-upgrade"],
  ["a line break", { "sec-websocket-protocol": "a\r\nb: c" }, 400, "handshake-upgrade"],
  ["no host", { host: undefined }, 400, "handshake-headers"],
  ["two hosts", { host: "a, b" }, 400, "handshake-headers"],
  ["a body", { "content-length": "1" }, 400, "handshake-body"],
  ["a chunked body", { "transfer-encoding": "chunked" }, 400, "handshake-body"],
  ["16 KiB of headers", { cookie: "x".repeat(16_384) }, 431, "handshake-headers"],
];

for (const [what, headers, statusCode, code] of bad) {
  test(`a handshake with ${what} is refused`, () => {
    const answer = checkHandshake(request(headers));
    assert.ok(!("ok" in answer));
    assert.equal(answer.statusCode, statusCode);
    const text = code === "handshake-plain" ? ": .+\\.\n" : '","message":"[^\n]+"}\n';
    assert.match(String(answer.body), new RegExp(`${code}${text}$`));
    if (statusCode === 426) {
      assert.deepEqual(
        [answer.headers.upgrade, answer.headers["sec-websocket-version"]],
        ["websocket", "13"],
      );
    }
  });
}

test("the body's length may be said to be 0", () => {
  assert.ok("ok" in checkHandshake(request({ "content-length": "0" })));
});

test("another version of HTTP is refused, where the runtime tells it", () => {
  for (const [httpVersion, statusCode] of [
    ["1.0", 400],
    ["0.9", 505],
    ["2.0", 505],
  ] as const) {
    const answer = checkHandshake({ ...request({}), httpVersion });
    assert.ok(!("ok" in answer) && answer.statusCode === statusCode);
    assert.match(String(answer.body), /"code":"handshake-http"/);
  }
  assert.ok("ok" in checkHandshake({ ...request({}), httpVersion: "1.1" }));
  // RFC 9112, 3.2: only HTTP/1.1 asks for a Host, and a plain request is answered as ever.
  const old = { host: undefined, upgrade: undefined };
  const answer = checkHandshake({ ...request(old), httpVersion: "1.0" });
  assert.ok(!("ok" in answer) && answer.statusCode === 426);
});

test("a target that a URL resolves to another is refused, where the runtime shows it", () => {
  const bent = [
    "/..",
    "/a/../b",
    "/a/./b",
    "/%2e%2E/b",
    "/.%2e",
    "/a\\b",
    "/a#b",
    "/?a#b",
    "/a/.",
  ];
  for (const path of bent) {
    for (const target of [path, `http://example${path}`]) {
      const answer = checkHandshake({ ...request({}), target });
      assert.ok(!("ok" in answer) && answer.statusCode === 400, target);
      assert.match(String(answer.body), /"code":"handshake-target"/);
    }
  }
  const straight = ["/", "/a..b", "/.a", "/...", "/%2e%2e%2e", "/a?/../b\\", "//a", "/%2f.."];
  for (const target of straight) {
    assert.ok("ok" in checkHandshake({ ...request({}), target }), target);
  }
});

test("a method other than GET is refused", () => {
  for (const method of ["POST", "HEAD", "get"]) {
    const answer = checkHandshake(request({}, method));
    assert.ok(!("ok" in answer) && answer.statusCode === 400);
    assert.match(String(answer.body), /"code":"handshake-method"/);
  }
});

test("the client's order chooses among the subprotocols that are supported", () => {
  assert.equal(chooseSubprotocol(["v3", "v1", "v2"], ["v2", "v1"]), "v1");
  assert.equal(chooseSubprotocol(["V1"], ["v1"]), undefined);
  assert.equal(chooseSubprotocol([], ["v1"]), undefined);
  assert.equal(chooseSubprotocol(["v1"], []), undefined);
});

const offers: readonly [header: string | undefined, servable: boolean][] = [
  [undefined, false],
  ["", false],
  ["permessage-deflate", true],
  ["  permessage-deflate ;  client_max_window_bits ", true],
  ["permessage-deflate; client_max_window_bits=15", true],
  ['permessage-deflate; client_max_window_bits="10"', true],
  ["permessage-deflate; server_no_context_takeover; client_no_context_takeover", true],
  ["x-webkit-deflate-frame, permessage-deflate", true],
  ["permessage-deflate; server_max_window_bits=10, permessage-deflate", true],
  ["permessage-deflate; server_max_window_bits=10", false],
  ["permessage-deflate; server_max_window_bits=15; client_max_window_bits", true],
  ["permessage-deflate; server_max_window_bits=14", false],
  ["permessage-deflate; server_max_window_bits", false],
  ["permessage-deflate; client_max_window_bits=7", false],
  ["permessage-deflate; client_max_window_bits=16", false],
  ["permessage-deflate; client_max_window_bits=010", false],
  ["permessage-deflate; client_max_window_bits=", false],
  ["permessage-deflate; client_no_context_takeover=1", false],
  ["permessage-deflate; client_no_context_takeover; client_no_context_takeover", false],
  ["permessage-deflate; unknown", false],
  ["permessage-deflate;", false],
  ["permessage-deflate x", false],
  ["permessage-deflatex", false],
  ["permessage-deflate, =", false],
  ['permessage-deflate; a="unfinished', false],
  ["Permessage-Deflate", false],
];

for (const [header, servable] of offers) {
  const offer = servable ? "offer" : "do not offer";
  test(`the extensions ${JSON.stringify(header)} ${offer} deflate`, () => {
    assert.equal(answerDeflate(header) !== undefined, servable);
  });
}

test("an offer of the full window is taken, and the answer says so (RFC 7692, 7.1.2.1)", () => {
  const plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  for (const [header, answer] of [
    ["permessage-deflate", plain],
    ["permessage-deflate; server_max_window_bits=15", `${plain}; server_max_window_bits=15`],
    ['permessage-deflate; server_max_window_bits="15"', `${plain}; server_max_window_bits=15`],
    ["permessage-deflate; server_max_window_bits=9, permessage-deflate", plain],
  ] as const) {
    assert.equal(answerDeflate(header), answer);
  }
});

test("a refusal is JSON with a code and a sentence; a plain GET gets a text for people", () => {
  const refusal = refuse(503, "no-origin", 'nobody "is" there', { "retry-after": "5" });
  assert.deepEqual(refusal.headers, { "content-type": "application/json", "retry-after": "5" });
  const body: unknown = JSON.parse(String(refusal.body));
  assert.deepEqual(body, { code: "no-origin", message: 'nobody "is" there' });
});
