import assert from "node:assert/strict";
import { test } from "node:test";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import type { SuiteContext } from "./context.ts";

const plain = { Upgrade: undefined, Connection: undefined };

/** The stream of a refused request, where the head is read by ourselves. */
export function refusedTests(context: SuiteContext): void {
  const { name, can } = context.combination;
  if (can.hugeHead !== "ours") return;

  for (const [what, text] of [
    ["a plain request", handshakeText({ headers: plain })],
    ["a refused handshake", handshakeText({ path: "/forbidden" })],
    ["what is no HTTP", "GARBAGE\r\n\r\n"],
    ["a further request behind it", handshakeText({ headers: plain }) + handshakeText()],
  ] as const) {
    test(`${name}: the stream ends after ${what}, with one answer`, async () => {
      const client = await RawClient.connect(context.fixture().port);
      client.write(text);
      const answer = await client.wholeAnswer();
      assert.ok(answer.statusCode >= 400);
      assert.equal(answer.headers.get("connection"), "close");
      await client.end();
      assert.equal(client.received.length, 0);
      client.destroy();
    });
  }

  test(`${name}: an answer to HEAD has the length of a body, and none`, async () => {
    const client = await RawClient.connect(context.fixture().port);
    client.write(handshakeText({ method: "HEAD", headers: plain }));
    const answer = await client.answer();
    assert.equal(answer.statusCode, 400);
    assert.ok(Number(answer.headers.get("content-length")) > 0);
    await client.end();
    assert.equal(client.received.length, 0);
    client.destroy();
  });

  test(`${name}: who still sends when it is refused gets the whole answer`, async () => {
    const client = await RawClient.connect(context.fixture().port);
    const body = new Uint8Array(4_000_000);
    const headers = { ...plain, "Content-Length": String(body.length) };
    client.write(handshakeText({ method: "POST", path: "/x", headers }));
    // Unread bytes would make a reset of the stream's end.
    await client.writeAll(body);
    const answer = await client.wholeAnswer();
    assert.equal(answer.statusCode, 400);
    await client.end();
    assert.ok(client.ended);
    client.destroy();
  });

  test(`${name}: a request cut within its head gets 400, and none gets nothing`, async () => {
    const [part, nothing] = await Promise.all([
      RawClient.connect(context.fixture().port),
      RawClient.connect(context.fixture().port),
    ]);
    part.write("GET / HTTP/1.1\r\nHost: a");
    part.socket.end();
    const answer = await part.wholeAnswer();
    assert.equal(answer.statusCode, 400);
    assert.match(answer.body, /"code":"handshake-refused"/);
    nothing.socket.end();
    await Promise.all([part.end(), nothing.end()]);
    assert.equal(nothing.received.length, 0);
    for (const client of [part, nothing]) client.destroy();
  });
}
