import assert from "node:assert/strict";
import { createServer, type Socket as NetSocket, type Server } from "node:net";
import { after, test } from "node:test";
import { SystemClock } from "../../../../adapters/system/mod.ts";
import { limits, parseAddressRange } from "../../../../core/base/mod.ts";
import type {
  Clock,
  HandshakeAdmission,
  HandshakeAnswer,
  RefusedStream,
  SocketHandler,
} from "../../../../core/ports/mod.ts";
import { type FramedSockets, refuse } from "../../../../core/websocket/mod.ts";
import { ClientStream } from "../../../../runtimes/framed-server/client-stream.ts";
import { Deadlines } from "../../../../runtimes/framed-server/deadlines.ts";
import { HandshakeStream } from "../../../../runtimes/framed-server/handshake-stream.ts";
import { nodejsStreams } from "../../../../runtimes/framed-server/nodejs-stream.ts";
import type { ClientServerOptions } from "../../../../runtimes/server/mod.ts";
import { handshakeText, RawClient } from "../../../support/clients/raw-client.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

/** A stream without a network. */
class FakeStream extends ClientStream {
  readonly remoteAddress = "192.0.2.1";
  readonly bufferedAmount = 0;
  destroyed = false;
  ended = false;
  written = "";

  get isWritable(): boolean {
    return !this.ended && !this.destroyed;
  }

  write(bytes: Uint8Array): void {
    this.written += Buffer.from(bytes).toString();
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.destroyed = true;
  }

  pause(): void {}

  resume(): void {}
}

const timeoutMs = 1_000;

/** What the streams of one port share. */
function sharedBy(clock: Clock, options: ClientServerOptions, sockets: FramedSockets) {
  return {
    options,
    sockets,
    head: {
      bytesMax: 4_096,
      linesMax: 64,
      text: (bytes: Uint8Array, from: number, to: number): string =>
        Buffer.from(bytes.subarray(from, to)).toString("latin1"),
    },
    requests: new Deadlines<HandshakeStream>(clock, timeoutMs),
    endings: new Deadlines<ClientStream>(clock, limits.closeHandshakeMs),
  };
}

/** A stream whose handshake `answer` answers. */
function rig(answer: () => HandshakeAnswer | Promise<HandshakeAnswer>, proxied = false) {
  const clock = new ManualClock();
  const refused: unknown[] = [];
  const handler = { handshake: answer, abandon: () => refused.push("abandoned") };
  const options = {
    handler: handler as unknown as SocketHandler,
    proxyProtocol: proxied,
    trustedProxies: proxied ? [parseAddressRange("192.0.2.0/24")!] : undefined,
    refused: (stream: RefusedStream) => refused.push(stream),
  } as unknown as ClientServerOptions;
  const opened: Uint8Array[] = [];
  const start = (_bytes: unknown, _admission: unknown, early: Uint8Array) => {
    opened.push(early);
    return { data() {}, closed() {}, drained() {} };
  };
  const stream = new FakeStream();
  const sockets = { start } as unknown as FramedSockets;
  const shared = sharedBy(clock, options, sockets);
  new HandshakeStream(shared, stream);
  const send = (bytes: Uint8Array | string): void => stream.owner?.data(Buffer.from(bytes));
  return { clock, stream, refused, opened, send, endings: shared.endings };
}

const admission = (): HandshakeAdmission => ({
  accepted: true,
  app: "default",
  subprotocol: undefined,
  deflate: false,
  info: {},
});
const later = (): Promise<HandshakeAnswer> => new Promise(() => {});
const tooEarly = new Uint8Array(limits.earlyBytesMax + 1);

test("what comes with the handshake is the WebSocket's, however much it is", () => {
  const { stream, opened, send } = rig(admission);
  send(Buffer.concat([Buffer.from(handshakeText()), tooEarly]));
  assert.deepEqual(
    opened.map(({ length }) => length),
    [tooEarly.length],
  );
  assert.ok(!stream.destroyed);
});

test("while a handshake waits, more early bytes than the limit cut it, in any chunks", () => {
  const together = rig(later);
  together.send(Buffer.concat([Buffer.from(handshakeText()), tooEarly]));
  assert.ok(together.stream.destroyed);
  const apart = rig(later);
  apart.send(handshakeText());
  apart.send(tooEarly.subarray(1));
  assert.ok(!apart.stream.destroyed);
  apart.send("x");
  assert.ok(apart.stream.destroyed);
});

test("who was silent is cut without a word, who was slow is told, and both are counted", () => {
  const silent = rig(admission);
  silent.clock.advance(timeoutMs);
  assert.ok(silent.stream.destroyed);
  assert.equal(silent.stream.written, "");
  const slow = rig(admission);
  slow.send("GET /chat?secret HTTP/1.1\r\n");
  slow.clock.advance(timeoutMs);
  assert.match(slow.stream.written, /^HTTP\/1\.1 408 .*"code":"handshake-timeout"/s);
  const who = { code: "handshake-timeout", address: "192.0.2.1" };
  assert.deepEqual(silent.refused, [{ ...who, path: undefined }]);
  assert.deepEqual(slow.refused, [{ ...who, status: 408, path: "/chat" }]);
});

test("the time that an answer takes does not count", () => {
  const { clock, stream, send } = rig(later);
  send(handshakeText());
  clock.advance(10 * timeoutMs);
  assert.ok(!stream.destroyed && !stream.ended);
});

test("a refused stream is read until its client ends it, and cut after some time", () => {
  const refusal = refuse(403, "handshake-refused", "no");
  const { clock, stream, send, endings } = rig(() => refusal);
  send(handshakeText());
  assert.ok(stream.ended && !stream.destroyed);
  const { written } = stream;
  send(handshakeText());
  stream.clientEnded(endings);
  assert.equal(stream.written, written, "one answer, whatever comes behind it");
  clock.advance(limits.closeHandshakeMs - 1);
  assert.ok(!stream.destroyed);
  clock.advance(1);
  assert.ok(stream.destroyed);
});

test("a PROXY header has the handshake's time, and the request has it again", () => {
  const { clock, stream, refused, send } = rig(admission, true);
  clock.advance(timeoutMs - 1);
  send("PROXY TCP4 198.51.100.1 10.0.0.1 56324 443\r\n");
  clock.advance(timeoutMs - 1);
  assert.ok(!stream.destroyed);
  clock.advance(1);
  assert.ok(stream.destroyed);
  const address = "198.51.100.1";
  assert.deepEqual(refused, [{ code: "handshake-timeout", address, path: undefined }]);
});

const start = "GET /chat/7?token=secret HTTP/1.1\r\n";
for (const [what, head, path] of [
  ["a folded header line", `${start}A: b\r\n c\r\n\r\n`, "/chat/7"],
  ["a header line that ends with LF alone", `${start}A: b\n\r\n`, "/chat/7"],
  ["too long a head", `${start}A: ${"b".repeat(5_000)}`, "/chat/7"],
  ["too many lines", `${start}${"A: b\r\n".repeat(65)}\r\n`, "/chat/7"],
  ["two lengths", `${start}${"Content-Length: 0\r\n".repeat(2)}\r\n`, "/chat/7"],
  ["an absolute target", `GET http://a.example/b/../c?d HTTP/1.1\r\n:\r\n`, "/c"],
  ["the target of CONNECT", "CONNECT a:1 HTTP/1.1\r\n:\r\n", "a:1"],
  ["a request line that ends with LF alone", "GET /chat/7 HTTP/1.1\n", undefined],
  ["a request line without a version", "GET /chat/7\r\n", undefined],
  ["the first bytes of TLS", "\x16\x03\x01\x02\x00", undefined],
] as const) {
  test(`a head is refused while it is read: its path is told with ${what}`, () => {
    const { stream, refused, send } = rig(admission);
    send(head);
    const [, status] = /^HTTP\/1\.1 (\d+) /.exec(stream.written) ?? [];
    const [said] = refused as RefusedStream[];
    assert.match(String(said?.code), /^handshake-(refused|headers)$/);
    const { code } = said!;
    assert.deepEqual(refused, [{ code, status: Number(status), address: "192.0.2.1", path }]);
  });
}

/** What a stream keeps, a connection keeps: there are many. */
const events = ["data", "end", "drain", "close", "error"];
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
  const handler = { handshake: admission } as unknown as SocketHandler;
  const sockets = { start: () => ({ data() {}, closed() {} }) } as unknown as FramedSockets;
  const shared = sharedBy(clock, { handler, clock } as never, sockets);
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
  assert.deepEqual(shared.requests.items(), []);
});
