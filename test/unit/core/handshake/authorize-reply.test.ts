import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { readAccept, readReject } from "../../../../core/handshake/authorize-reply.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";

const codec = createReferenceCodec({
  node: "n",
  messageBytesMax: 1_000,
  batchBytesTarget: 1_000,
  partialBytesMax: 1_000,
});
const accept = (value: unknown, offered: string[] = ["v1"]): unknown =>
  readAccept(value, offered, codec.values);

test("an accept without anything grants nothing", () => {
  const grant = { user: undefined, groups: [], state: undefined, expiresAt: undefined };
  const nothing = { accepted: true, grant, subprotocol: undefined, headers: {} };
  for (const value of [undefined, null, {}, { user: null, state: null, expires: null }]) {
    assert.deepEqual(accept(value), nothing);
  }
});

test("an accept grants what it says", () => {
  assert.deepEqual(
    accept({
      subprotocol: "v1",
      user: "ann",
      groups: ["a", "b", "a"],
      state: { n: 1 },
      headers: { "X-A": "b\t c" },
      expires: 1_700_000_000_000,
      later: "what this version does not know",
    }),
    {
      accepted: true,
      grant: { user: "ann", groups: ["a", "b"], state: { n: 1 }, expiresAt: 1_700_000_000_000 },
      subprotocol: "v1",
      headers: { "x-a": "b\t c" },
    },
  );
  assert.deepEqual((accept({ state: 0 }) as { grant: { state: unknown } }).grant.state, 0);
});

const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`x-${i}`, ""]));
const wrong: readonly [value: unknown, code: string][] = [
  [[], "handshake-grant"],
  ["x", "handshake-grant"],
  [{ subprotocol: "v2" }, "handshake-subprotocol"],
  [{ subprotocol: 1 }, "handshake-grant"],
  [{ user: 7 }, "handshake-grant"],
  [{ user: "" }, "handshake-grant"],
  [{ user: "x".repeat(limits.userBytesMax + 1) }, "handshake-grant"],
  [{ groups: "a" }, "handshake-grant"],
  [{ groups: [1] }, "group-name"],
  [{ groups: ["@all"] }, "group-name"],
  [{ groups: ["@user/x"] }, "group-name"],
  [{ expires: -1 }, "handshake-grant"],
  [{ expires: Number.NaN }, "handshake-grant"],
  [{ expires: "tomorrow" }, "handshake-grant"],
  [{ state: "x".repeat(limits.stateBytesMax) }, "state-too-big"],
  [{ headers: [] }, "handshake-grant"],
  [{ headers: { "a b": "c" } }, "handshake-grant"],
  [{ headers: { a: 1 } }, "handshake-grant"],
  [{ headers: { a: "b\nc" } }, "handshake-grant"],
  [{ headers: { a: "b\0" } }, "handshake-grant"],
  [{ headers: { a: "ü" } }, "handshake-grant"],
  [{ headers: { Connection: "close" } }, "handshake-grant"],
  [{ headers: { "Content-Length": "0" } }, "handshake-grant"],
  [{ headers: { "sec-websocket-extensions": "x" } }, "handshake-grant"],
  [{ headers: { a: "x".repeat(limits.answerHeaderBytesMax) } }, "handshake-grant"],
  [{ headers: many }, "handshake-grant"],
];
test("an accept that cannot be meant is told by its code", () => {
  for (const [value, code] of wrong) assert.equal(accept(value), code, JSON.stringify(value));
});

test("a reject is any HTTP answer that is no success", () => {
  const text = { "content-type": "text/plain; charset=utf-8" };
  const answer = { accepted: false, errorCode: "handshake-rejected" };
  assert.deepEqual(readReject(403, "no", {}), {
    ...answer,
    statusCode: 403,
    headers: text,
    body: "no",
  });
  const bytes = new Uint8Array([1]);
  assert.deepEqual(readReject(302, bytes, { headers: { Location: "/in" } }), {
    ...answer,
    statusCode: 302,
    body: bytes,
    headers: { "content-type": "application/octet-stream", location: "/in" },
  });
  for (const status of [0, 101, 200, 299, 304, 600, 403.5, "403", null]) {
    assert.equal(readReject(status, "", {}), "handshake-grant", String(status));
  }
  assert.equal(readReject(403, "x".repeat(limits.answerBodyBytesMax + 1), {}), "handshake-grant");
  assert.equal(readReject(403, "", { headers: { upgrade: "x" } }), "handshake-grant");
});
