import assert from "node:assert/strict";
import { test } from "node:test";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import type { SuiteContext } from "./context.ts";

/** What the handler should never have let through: each is a 500 in its place. */
const unwritable = [
  ["/split", "a header with a line end"],
  ["/no-token", "a header's name with a space"],
  ["/not-ascii", "a header's value past ASCII"],
  ["/other-accept", "another Sec-WebSocket-Accept"],
  ["/other-upgrade", "another Upgrade"],
] as const;
const unwritableRefusals = [
  ["/split-refusal", "a refusal's header with a line end"],
  ["/framed-refusal", "a refusal with a length of its own"],
  ["/no-status", "a refusal with an unknown status"],
] as const;

/** The heads of the answers to handshakes. */
export function answerTests(context: SuiteContext): void {
  const { name } = context.combination;

  test(`${name}: headers of an admission are those of the 101 answer`, async () => {
    const client = await RawClient.connect(context.fixture().port);
    const headers = { "Sec-WebSocket-Protocol": "v2" };
    client.write(handshakeText({ path: "/cookie?name=cookie", headers }));
    const answer = await client.answer();
    assert.equal(answer.statusCode, 101);
    assert.equal(answer.headers.get("set-cookie"), "session=1; Path=/; HttpOnly");
    assert.equal(answer.headers.get("x-request-id"), "r 1");
    assert.equal(answer.headers.get("sec-websocket-protocol"), "v2");
    client.text("hello");
    assert.equal(await client.nextText(), "hello");
    client.destroy();
  });

  test(`${name}: status, headers and body of a refusal`, async () => {
    const client = await RawClient.connect(context.fixture().port);
    client.write(handshakeText({ path: "/rejected" }));
    const answer = await client.answer();
    assert.equal(answer.statusCode, 401);
    assert.equal(answer.headers.get("www-authenticate"), 'Bearer error="invalid_token"');
    assert.equal(answer.headers.get("set-cookie"), "seen=1");
    assert.equal(answer.headers.get("content-length"), "2");
    assert.equal((await client.bytes(2)).toString(), "no");
    client.destroy();
  });

  for (const [path, what] of [...unwritable, ...unwritableRefusals]) {
    test(`${name}: ${what} is never written`, async () => {
      const client = await RawClient.connect(context.fixture().port);
      client.write(handshakeText({ path: `${path}?name=${path}` }));
      const answer = await client.answer();
      assert.equal(answer.statusCode, 500);
      for (const header of ["x-injected", "x-a", "x a", "sec-websocket-accept"]) {
        assert.equal(answer.headers.get(header), undefined);
      }
      const body = await client.bytes(Number(answer.headers.get("content-length")));
      assert.match(body.toString(), /^\{"code":"internal",/);
      client.destroy();
      const admitted = unwritable.some(([one]) => one === path);
      if (admitted) await context.fixture().event("abandon", path);
      assert.equal(context.fixture().events("abandon", path).length, admitted ? 1 : 0);
    });
  }

  test(`${name}: an admission of what is no upgrade is given up`, async () => {
    const client = await RawClient.connect(context.fixture().port);
    const headers = { Upgrade: undefined, Connection: undefined };
    client.write(handshakeText({ path: "/mistaken?name=mistaken", headers }));
    assert.equal((await client.answer()).statusCode, 400);
    client.destroy();
    await context.fixture().event("abandon", "mistaken");
    assert.deepEqual(context.fixture().events("open", "mistaken"), []);
  });
}
