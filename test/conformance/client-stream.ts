import assert from "node:assert/strict";
import { test } from "node:test";
import { limits, ServiceError } from "../../core/base/mod.ts";
import type { TcpPort } from "../../runtimes/framed-server/client-port.ts";
import type {
  ClientStream,
  ClientStreamListener,
} from "../../runtimes/framed-server/client-stream.ts";
import { Deadlines } from "../../runtimes/framed-server/deadlines.ts";
import type { Clients } from "../../runtimes/framed-server/server.ts";
import { RawClient } from "../support/clients/raw-client.ts";
import { ManualClock } from "../support/memory/mod.ts";
import { standstill, waitFor } from "../support/process/wait.ts";
import { Dice } from "../vectors/dice.ts";

/** More than the buffers of both ends in the kernel take, at most. */
const tooMuch = 64 * 1_048_576;

/** Who is told what happens to a stream; a WebSocket does not ask for the client's half-close. */
class Owner implements ClientStreamListener {
  readonly chunks: Uint8Array[] = [];
  drains = 0;
  closes = 0;

  data(chunk: Uint8Array): void {
    this.chunks.push(chunk);
  }

  drained(): void {
    this.drains += 1;
  }

  closed(): void {
    this.closes += 1;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

/** As a handshake is: it decides itself about a half-close. */
class Asking extends Owner {
  ends = 0;

  ended(): void {
    this.ends += 1;
  }
}

/** A port whose streams wait for the test. */
class Rig {
  readonly clock: ManualClock = new ManualClock();
  readonly endings: Deadlines<ClientStream>;
  readonly tcpPort: TcpPort;
  streams: ClientStream[] = [];
  isFull = false;
  left = 0;
  port = 0;

  constructor(createTcpPort: (clients: Clients) => TcpPort) {
    this.endings = new Deadlines(this.clock, limits.closeHandshakeMs);
    this.tcpPort = createTcpPort({
      admits: () => !this.isFull,
      left: () => {
        this.left += 1;
      },
      greet: (stream) => {
        stream.owner = new Owner();
        this.streams.push(stream);
      },
      endings: this.endings,
    });
  }

  /** A client, and its stream, which has this owner. */
  async open<Kind extends Owner>(owner: Kind): Promise<Pair<Kind>> {
    const client = await RawClient.connect(this.port);
    const stream = await waitFor(() => this.streams.shift(), { what: "the stream" });
    stream.owner = owner;
    return { client, stream, owner };
  }
}

interface Pair<Kind extends Owner> {
  readonly client: RawClient;
  readonly stream: ClientStream;
  readonly owner: Kind;
}

/** Writes until the kernel takes no more, and so many bytes wait: all that was written. */
function fill(stream: ClientStream, waiting = 1): Buffer {
  const dice = new Dice(11);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const write = (length: number): void => {
    const piece = new Uint8Array(length).fill(pieces.length % 251);
    pieces.push(piece);
    bytes += length;
    stream.write(piece);
  };
  while (stream.bufferedAmount < waiting && bytes < tooMuch) write(1 + dice.below(300_000));
  assert.ok(stream.bufferedAmount >= waiting, "the kernel takes everything");
  // These are joined, or kept as they are.
  for (let count = 0; count < 300; count += 1) write(1 + dice.below(dice.pick([50, 20_000])));
  return Buffer.concat(pieces);
}

const closed = ({ owner }: Pair<Owner>): Promise<true> =>
  waitFor(() => owner.closes > 0, { what: "the stream's end" });

function isClosed(port: number): Promise<boolean> {
  return RawClient.connect(port).then(
    (client) => {
      client.destroy();
      return false;
    },
    () => true,
  );
}

/** What the handshake and the WebSocket rely on in the streams of any port. */
export function clientStreamConformance(
  name: string,
  createTcpPort: (clients: Clients, host: string) => TcpPort,
): void {
  const withRig = (what: string, body: (rig: Rig) => Promise<void>): void => {
    test(`${name}: ${what}`, async () => {
      const rig = new Rig((clients) => createTcpPort(clients, "127.0.0.1"));
      rig.port = await rig.tcpPort.open(0);
      try {
        await body(rig);
      } finally {
        rig.tcpPort.close();
      }
    });
  };

  withRig("what a client does not read waits, and leaves in order", async (rig) => {
    const { client, stream, owner } = await rig.open(new Owner());
    client.socket.pause();
    const written = fill(stream, 16 * 1_048_576);
    const waiting = stream.bufferedAmount;
    assert.ok(waiting < written.length);
    stream.write(Buffer.from("last"));
    assert.equal(stream.bufferedAmount, waiting + 4);
    client.socket.resume();
    const got = await client.bytes(written.length + 4);
    assert.ok(got.equals(Buffer.concat([written, Buffer.from("last")])));
    await waitFor(() => owner.drains > 0, { what: "the news" });
    assert.equal(stream.bufferedAmount, 0);
    client.destroy();
  });

  withRig("it ends after everything was written, whatever the client sends", async (rig) => {
    const pair = await rig.open(new Owner());
    const { client, stream, owner } = pair;
    client.socket.pause();
    const written = fill(stream);
    stream.end();
    assert.equal(stream.isWritable, false);
    stream.write(Buffer.from("too late"));
    // Bytes that a closed descriptor would answer with a reset.
    client.write("still there?");
    await waitFor(() => owner.text === "still there?", { what: "what the client sent" });
    client.socket.resume();
    assert.ok((await client.bytes(written.length)).equals(written));
    await client.end();
    assert.equal(client.received.length, 0);
    assert.equal(client.closed, false, "the stream was reset");
    assert.equal(owner.closes, 0);
    client.socket.end();
    await closed(pair);
    assert.equal(rig.left, 1);
  });

  withRig("after its end it is read until the client ends it too", async (rig) => {
    const pair = await rig.open(new Owner());
    const { client, stream, owner } = pair;
    stream.write(Buffer.from("bye"));
    stream.end();
    await client.end();
    assert.equal((await client.bytes(3)).toString(), "bye");
    client.write("one moment");
    await waitFor(() => owner.text === "one moment", { what: "what the client sent" });
    assert.equal(owner.closes, 0);
    client.socket.end();
    await closed(pair);
  });

  withRig("a client that half-closes gets what waits for it, and then the end", async (rig) => {
    const pair = await rig.open(new Owner());
    const { client, stream, owner } = pair;
    client.socket.pause();
    const written = fill(stream);
    client.socket.end("bye");
    await waitFor(() => rig.endings.items().length === 1, { what: "the half-close" });
    assert.equal(owner.text, "bye");
    rig.clock.advance(limits.closeHandshakeMs - 1);
    client.socket.resume();
    assert.ok((await client.bytes(written.length)).equals(written));
    await client.end();
    await closed(pair);
    assert.deepEqual([rig.endings.items(), owner.closes, rig.left], [[], 1, 1]);
  });

  withRig("a client that half-closes and does not read is cut after some time", async (rig) => {
    const pair = await rig.open(new Owner());
    const { client, stream, owner } = pair;
    client.socket.pause();
    fill(stream);
    client.socket.end();
    await waitFor(() => rig.endings.items().length === 1, { what: "the half-close" });
    // A runtime may tell the half-close again in each turn: the time runs on all the same.
    for (let turn = 0; turn < 10; turn += 1) await client.turn();
    rig.clock.advance(limits.closeHandshakeMs - 1);
    for (let turn = 0; turn < 10; turn += 1) await client.turn();
    assert.equal(owner.closes, 0);
    rig.clock.advance(1);
    await closed(pair);
    assert.equal(stream.bufferedAmount, 0);
    client.destroy();
  });

  withRig("a client that half-closes when nothing waits is done", async (rig) => {
    const pair = await rig.open(new Owner());
    pair.client.socket.end();
    await pair.client.end();
    await closed(pair);
    assert.equal(rig.left, 1);
  });

  withRig("an owner that asks for the half-close decides itself", async (rig) => {
    const pair = await rig.open(new Asking());
    const { client, stream, owner } = pair;
    client.socket.end("GET");
    await waitFor(() => owner.ends > 0, { what: "the half-close" });
    assert.equal(owner.text, "GET");
    stream.write(Buffer.from("answer"));
    stream.endBy(rig.endings);
    assert.equal((await client.bytes(6)).toString(), "answer");
    await client.end();
    await closed(pair);
    assert.deepEqual(rig.endings.items(), []);
  });

  withRig("each chunk is its owner's of that moment, and the owner may keep it", async (rig) => {
    const { client, stream, owner: first } = await rig.open(new Owner());
    const second = new Owner();
    first.data = (chunk) => {
      first.chunks.push(chunk);
      stream.owner = second;
    };
    client.write("first");
    await waitFor(() => first.text !== "", { what: "the first chunk" });
    for (let count = 0; count < 20; count += 1) {
      client.write(`${count},`);
      await waitFor(() => second.text.endsWith(`${count},`), { what: "a chunk" });
    }
    assert.equal(first.text, "first");
    assert.equal(second.text, Array.from({ length: 20 }, (_, index) => `${index},`).join(""));
    client.destroy();
    await waitFor(() => second.closes === 1, { what: "the end" });
    assert.equal(first.closes, 0);
  });

  withRig("nothing comes while it is paused, and everything after that", async (rig) => {
    const { client, stream, owner } = await rig.open(new Owner());
    let count = 0;
    owner.data = (chunk) => {
      owner.chunks.push(chunk);
      count += chunk.length;
      if (owner.chunks.length === 1) stream.pause();
    };
    const sent = Buffer.alloc(24 * 1_048_576, "0123456789abc");
    client.write(sent);
    const before = await standstill(async () => count);
    assert.ok(before > 0 && before < sent.length, `${before} bytes`);
    assert.equal(owner.drains, 0, "nothing was written");
    stream.write(Buffer.from("one can write all the same"));
    assert.equal((await client.bytes(26)).length, 26);
    stream.resume();
    await waitFor(() => count === sent.length, { what: "the rest" });
    assert.ok(Buffer.concat(owner.chunks).equals(sent));
    client.destroy();
  });

  withRig("what the kernel does not take of a write leaves it paused", async (rig) => {
    const { client, stream, owner } = await rig.open(new Owner());
    client.socket.pause();
    stream.pause();
    const written = fill(stream);
    client.write("unread");
    const before = await standstill(async () => owner.text.length);
    assert.equal(before, 0);
    client.socket.resume();
    assert.ok((await client.bytes(written.length)).equals(written));
    await waitFor(() => owner.drains > 0, { what: "the news" });
    assert.equal(owner.text, "");
    stream.resume();
    await waitFor(() => owner.text === "unread", { what: "what the client sent" });
    client.destroy();
  });

  withRig("a reset while it is paused is told when it is resumed", async (rig) => {
    const pair = await rig.open(new Owner());
    const { client, stream, owner } = pair;
    stream.pause();
    await client.writeAll(Buffer.from("unread"));
    client.reset();
    await waitFor(() => client.closed, { what: "the client's end" });
    stream.resume();
    await closed(pair);
    assert.deepEqual([owner.closes, owner.drains, rig.left], [1, 0, 1]);
  });

  withRig("a reset while bytes wait, and while it is paused, is told", async (rig) => {
    const pair = await rig.open(new Owner());
    const { client, stream, owner } = pair;
    client.socket.pause();
    stream.pause();
    fill(stream);
    client.reset();
    await closed(pair);
    assert.deepEqual([stream.bufferedAmount, stream.isWritable], [0, false]);
    assert.deepEqual([owner.closes, owner.drains, rig.left], [1, 0, 1]);
  });

  withRig("a reset that a write finds, while it is paused, is told", async (rig) => {
    const pair = await rig.open(new Owner());
    const { client, stream, owner } = pair;
    stream.pause();
    await client.writeAll(Buffer.from("unread"));
    client.reset();
    // The first may be taken, and tells the kernel.
    for (let count = 0; count < 3; count += 1) stream.write(Buffer.from("lost"));
    assert.equal(owner.closes, 0);
    await closed(pair);
    assert.deepEqual([stream.bufferedAmount, owner.closes, rig.left], [0, 1, 1]);
  });

  withRig("destroying it tells the end later, once, and leaves nothing to call", async (rig) => {
    const { client, stream, owner } = await rig.open(new Owner());
    assert.equal(stream.remoteAddress, "127.0.0.1");
    client.socket.pause();
    fill(stream);
    stream.destroy();
    assert.deepEqual([owner.closes, stream.isWritable], [0, false]);
    stream.write(Buffer.from("nothing"));
    stream.end();
    stream.pause();
    stream.resume();
    stream.destroy();
    await waitFor(() => owner.closes === 1, { what: "the news" });
    assert.equal(stream.bufferedAmount, 0);
    await client.turn();
    assert.deepEqual([owner.closes, rig.left, owner.chunks], [1, 1, []]);
    client.destroy();
  });

  withRig("what the kernel has taken before it was destroyed arrives", async (rig) => {
    const { client, stream } = await rig.open(new Owner());
    client.socket.pause();
    const written = Buffer.alloc(400_000, "the last words");
    stream.write(written);
    await waitFor(() => stream.bufferedAmount === 0, { what: "the kernel" });
    stream.destroy();
    client.socket.resume();
    assert.ok((await client.bytes(written.length)).equals(written));
    await client.end();
    client.destroy();
  });

  withRig("a stream without room is closed and not counted", async (rig) => {
    rig.isFull = true;
    const client = await RawClient.connect(rig.port);
    client.write("GET");
    await client.end();
    assert.deepEqual([rig.streams, rig.left], [[], 0]);
    client.destroy();
  });

  withRig("a port is taken, closed and opened again; its streams stay", async (rig) => {
    const { client, owner } = await rig.open(new Owner());
    const other = new Rig((clients) => createTcpPort(clients, "127.0.0.1"));
    const refused = await other.tcpPort.open(rig.port).catch((error: unknown) => error);
    assert.ok(refused instanceof ServiceError && refused.code === "port-in-use", `${refused}`);
    rig.tcpPort.close();
    // A runtime may release the port in a later turn of the event loop.
    await waitFor(() => isClosed(rig.port), { what: "a closed port" });
    assert.equal(await rig.tcpPort.open(rig.port), rig.port);
    const { client: next } = await rig.open(new Owner());
    client.write("both");
    await waitFor(() => owner.text === "both", { what: "the former stream" });
    for (const one of [client, next]) one.destroy();
  });
}
