import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptOf } from "../../../../runtimes/framed-server/upgrade.ts";

test("a key is answered as RFC 6455, 1.3 shows, with or without a hash in one call", () => {
  const key = "dGhlIHNhbXBsZSBub25jZQ==";
  const known = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
  const called: unknown[] = [];
  const once = (...said: unknown[]): string => {
    called.push(said);
    return "once";
  };
  assert.equal(acceptOf(key), known);
  assert.equal(acceptOf(key, null), known);
  assert.equal(acceptOf(key, once), "once");
  assert.deepEqual(called, [["sha1", `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, "base64"]]);
});
