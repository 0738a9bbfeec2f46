import assert from "node:assert/strict";
import { createServer, type Socket as NetSocket, type Server } from "node:net";
import { after, test } from "node:test";
import { SystemClock } from "../../../../adapters/system/mod.ts";
import type { HandshakeAdmission, SocketHandler } from "../../../../core/ports/mod.ts";
import type { FramedSockets } from "../../../../core/websocket/mod.ts";
import type { ClientStream } from "../../../../runtimes/framed-server/client-stream.ts";
import { Deadlines } from "../../../../runtimes/framed-server/deadlines.ts";
import { HandshakeStream } from "../../../../runtimes/framed-server/handshake-stream.ts";
import { nodejsStreams } from "../../../../runtimes/framed-server/nodejs-stream.ts";
import { handshakeText, RawClient } from "../../../support/clients/raw-client.ts";

/** What a stream keeps, a connection keeps: there are many. */
const events = ["data", "end", "drain", "close", "error"];
const admission: HandshakeAdmission = {
  accepted: true,
  app: "default",
  subprotocol: undefined,
  deflate: false,
  info: {},
};

/** Which listeners a stream has for each event. */
const listenersOf = (stream: NetSocket): unknown[][] =>
  events.map((event) => stream.listeners(event));

/** Everything that an object and what it refers to by its own properties refers to. */
function reaches(from: object, wanted: (value: object) => boolean): boolean {
  const seen = new Set<unknown>();
  const todo: unknown[] = [from];
  for (let value = todo.pop(); value !== undefined; value = todo.pop()) {
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    if (wanted(value)) return true;
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      if (property?.value !== undefined) todo.push(property.value);
    }
  }
  return false;
}

test("a stream that became a WebSocket keeps nothing of its handshake", async () => {
  const clock = new SystemClock();
  const before: unknown[][][] = [];
  const streams: NetSocket[] = [];
  const handler = { handshake: () => admission } as unknown as SocketHandler;
  const sockets = { start: () => ({ data() {}, closed() {} }) } as unknown as FramedSockets;
  const requests = new Deadlines<HandshakeStream>(clock, 1_000);
  const shared = {
    options: { handler, clock } as never,
    sockets,
    head: {
      bytesMax: 4_096,
      linesMax: 64,
      text: (bytes: Uint8Array, from: number, to: number) =>
        Buffer.from(bytes.subarray(from, to)).toString("latin1"),
    },
    requests,
    endings: new Deadlines<ClientStream>(clock, 1_000),
  };
  const ownStream = nodejsStreams(shared.endings);
  const isHandshake = (value: object): boolean => value instanceof HandshakeStream;
  const server: Server = createServer((stream) => {
    new HandshakeStream(shared, ownStream(stream));
    streams.push(stream);
    before.push(listenersOf(stream));
    assert.ok(reaches(stream, isHandshake), "the stream is a handshake's at first");
  });
  after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  for (let count = 0; count < 2; count += 1) {
    const client = await RawClient.connect(port);
    client.write(handshakeText());
    assert.equal((await client.answer()).statusCode, 101);
    after(() => client.destroy());
  }
  const [one, other] = streams;
  assert.ok(one && other);
  for (const stream of streams) assert.equal(reaches(stream, isHandshake), false);
  // The same listeners as at the beginning, and the same ones for all streams.
  assert.deepEqual(listenersOf(one), before[0]);
  assert.deepEqual(listenersOf(one), listenersOf(other));
  assert.equal(one.listenerCount("data"), 1);
  assert.deepEqual(requests.items(), []);
});
