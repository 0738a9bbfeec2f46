import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import type { Socket as NetSocket } from "node:net";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { FramedSockets } from "../../../../core/websocket/mod.ts";
import { startHandshakeTimer } from "../../../../runtimes/framed-server/handshake-timer.ts";
import { upgrade } from "../../../../runtimes/framed-server/upgrade.ts";

/** What a stream keeps, a connection keeps: there are many. */
const newStream = (): NetSocket => new PassThrough() as unknown as NetSocket;

test("a stream that became a WebSocket keeps no header of its handshake", async () => {
  const key = "dGhlIHNhbXBsZSBub25jZQ==";
  const lines = ["Sec-WebSocket-Key", key];
  const request = { headers: { "sec-websocket-key": key }, rawHeaders: lines };
  // What is written to this stream comes back as its data.
  const answer = await new Promise<Uint8Array>((resolve) => {
    const sockets = { start: () => ({ data: resolve }) };
    upgrade(sockets as unknown as FramedSockets, {
      request: request as unknown as IncomingMessage,
      stream: newStream(),
      head: new Uint8Array(),
      admission: {
        accepted: true,
        app: "default",
        subprotocol: undefined,
        deflate: false,
        info: {},
      },
    });
  });
  assert.match(
    new TextDecoder().decode(answer),
    /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/,
  );
  assert.deepEqual(request, { headers: {}, rawHeaders: [] });
});

test("streams share the handshake timer's listener, which ends it with its stream", async () => {
  const [first, second] = [newStream(), newStream()];
  const late: NetSocket[] = [];
  // The timers alone do not keep a process alive.
  const alive = setInterval(() => {}, 1_000);
  await new Promise<void>((resolve) => {
    startHandshakeTimer(first, 1, (stream) => late.push(stream));
    first.emit("close");
    startHandshakeTimer(second, 5, (stream) => {
      late.push(stream);
      resolve();
    });
  });
  clearInterval(alive);
  assert.deepEqual(late, [second]);
  startHandshakeTimer(second, 5, () => {});
  assert.equal(second.listeners("close").length, 1);
  assert.equal(second.listeners("close")[0], first.listeners("close")[0]);
  second.emit("close");
});
