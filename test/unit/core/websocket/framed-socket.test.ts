import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { ReusableMessage } from "../../../../core/groups/outgoing-message.ts";
import {
  type Codec,
  type ConnectionHandle,
  MessageKind,
  type Socket,
} from "../../../../core/ports/mod.ts";
import { FramedSockets } from "../../../../core/websocket/mod.ts";
import { createZlibDeflate } from "../../../../runtimes/server/deflate.ts";
import { closeWaitMs, codecs, FramedClient } from "../../../support/clients/framed-client.ts";
import { clientFrame, closePayload } from "../../../support/clients/raw-client-frames.ts";
import { ManualClock, MemoryByteSocket } from "../../../support/memory/mod.ts";
import { admission, RecordingHandler } from "../../../support/sockets/recording-handler.ts";
import { codecMakers, itemsOf } from "../../../vectors/codecs.ts";
import { idOf } from "../../../vectors/ids.ts";

const deflate = createZlibDeflate();
const message = new ReusableMessage(deflate);

for (const { name, make } of codecs) {
  test(`${name}: messages go into the batch buffer, counted once a chunk`, () => {
    const client = new FramedClient(make(), { batchBuffers: true });
    client.send(
      { opcode: 1, payload: "eins" },
      { opcode: 9, payload: "p" },
      { opcode: 2, payload: Buffer.from([1, 2]) },
    );
    assert.deepEqual(client.handler.calls, ["batched 2 6", "pong"]);
    assert.deepEqual(client.received(), ["pong p"]);
    const [text, binary] = client.takeMessages();
    assert.equal(text, "eins");
    assert.deepEqual([...(binary as Uint8Array)], [1, 2]);
  });

  test(`${name}: a full batch buffer is emptied and nothing is lost`, () => {
    const client = new FramedClient(make(), { batchBuffers: true });
    const texts = Array.from({ length: 20 }, (_, index) => `${index}`.padStart(50, "."));
    client.send(...texts.map((payload) => ({ opcode: 1, payload })));
    assert.ok(client.handler.calls.filter((what) => what === "buffer-full").length >= 3);
    assert.equal(client.handler.calls.at(-1), "batched 20 1000");
    const taken = client.batches as [number, string, number, unknown[][]][];
    const before = taken.flatMap((batch) => batch[3].map((item) => item[3]));
    assert.deepEqual([...before, ...client.takeMessages()], texts);
  });

  test(`${name}: deflated messages go into the batch buffer in order, beside others`, () => {
    const client = new FramedClient(make(), { batchBuffers: true, deflate: true });
    const long = "lang ".repeat(60);
    const payload = deflate.deflate(Buffer.from(long));
    client.send(
      { opcode: 1, payload: "one" },
      { opcode: 1, payload, reserved: 4 },
      { opcode: 1, payload: "three" },
      { opcode: 1, payload, reserved: 4 },
    );
    assert.equal(client.handler.calls.at(-1), "batched 4 608");
    const taken = client.batches as [number, string, number, unknown[][]][];
    const before = taken.flatMap((batch) => batch[3].map((item) => item[3]));
    assert.deepEqual([...before, ...client.takeMessages()], ["one", long, "three", long]);
  });

  test(`${name}: nothing behind a close frame gets into the batch buffer`, () => {
    const client = new FramedClient(make(), { batchBuffers: true });
    const frames = [{ opcode: 1, payload: "one" }, { opcode: 8 }, { opcode: 1, payload: "two" }];
    client.send(...frames);
    client.send({ opcode: 1, payload: "three" });
    assert.deepEqual(client.takeMessages(), ["one"]);
    assert.deepEqual(client.received(), ["close"]);
  });

  test(`${name}: nothing behind a message that does not inflate is taken`, () => {
    const client = new FramedClient(make(), { batchBuffers: true, deflate: true });
    client.send(
      { opcode: 1, payload: "one" },
      { opcode: 1, payload: Buffer.from([7, 0, 0]), reserved: 4 },
      { opcode: 1, payload: "two" },
    );
    assert.deepEqual(client.received(), ["close 1007 message-inflate"]);
    assert.deepEqual(client.takeMessages(), ["one"]);
  });

  test(`${name}: a deflated message after our close frame is not missing`, () => {
    const client = new FramedClient(make(), { batchBuffers: true, deflate: true });
    client.socket.close(1000, "");
    client.send(
      { opcode: 1, payload: "one" },
      { opcode: 1, payload: deflate.deflate(Buffer.from("two")), reserved: 4 },
      { opcode: 1, payload: "three" },
      { opcode: 8 },
    );
    assert.deepEqual(client.takeMessages(), ["one", "two", "three"]);
  });

  test(`${name}: bytes that came with the handshake count, and chunks may split anywhere`, () => {
    const frames = Buffer.concat(
      [
        { opcode: 1, fin: false, payload: Buffer.from("zwö").subarray(0, 3) },
        { opcode: 9, payload: "between" },
        { opcode: 0, payload: Buffer.concat([Buffer.from("ö").subarray(1), Buffer.from("lf")]) },
        { opcode: 8, payload: closePayload(4_000, "tschüß") },
      ].map(clientFrame),
    );
    for (let cut = 0; cut <= frames.length; cut += 1) {
      const client = new FramedClient(make(), { head: frames.subarray(0, cut) });
      client.bytes.receive(frames.subarray(cut));
      client.bytes.cut();
      const told = client.handler.calls.filter((what) => what !== "pong");
      assert.deepEqual(told, ["text zwölf", "close 4000 tschüß"], `cut at ${cut}`);
      assert.deepEqual(client.received(), ["pong between", "close 4000 tschüß"]);
    }
  });

  test(`${name}: a chunk larger than the parser takes is fed in parts`, () => {
    const client = new FramedClient(make());
    const count = Math.ceil((limits.chunkBytesMax * 2.5) / 900);
    const frame = { opcode: 2, payload: Buffer.alloc(900, 1) };
    client.send(...Array.from({ length: count }, () => frame));
    const told = client.handler.calls.filter((what) => what.startsWith("binary"));
    assert.equal(told.length, count);
  });

  for (const [what, frame, code, closeCode] of [
    ["a protocol error", { opcode: 3 }, "frame-opcode", 1002],
    ["bad UTF-8", { opcode: 1, payload: Buffer.from([255]) }, "message-not-utf8", 1007],
    ["too much", { opcode: 2, payload: Buffer.alloc(1_001) }, "message-too-big", 1009],
    [
      "a bomb",
      { opcode: 2, reserved: 4, payload: deflate.deflate(new Uint8Array(1_001)) },
      "message-too-big",
      1009,
    ],
    [
      "no stream",
      { opcode: 2, reserved: 4, payload: Buffer.from([255, 255]) },
      "message-inflate",
      1007,
    ],
    [
      "bad deflated UTF-8",
      { opcode: 1, reserved: 4, payload: deflate.deflate(Buffer.from([255])) },
      "message-not-utf8",
      1007,
    ],
  ] as const) {
    test(`${name}: ${what} ends the stream with its close code, told once`, async () => {
      const client = new FramedClient(make(), { deflate: true });
      client.send(frame, { opcode: 1, payload: "unread" });
      assert.deepEqual(client.received(), [`close ${closeCode} ${code}`]);
      assert.ok(client.bytes.ended && !client.bytes.destroyed);
      client.send({ opcode: 1, payload: "unread too" });
      client.clock.advance(closeWaitMs);
      await client.settle();
      const told = client.handler.calls.filter((calls) => calls !== "pong");
      assert.deepEqual(told, [`fault ${code}`, `close ${closeCode} ${code}`]);
    });
  }
}

function framed(options: ConstructorParameters<typeof FramedClient>[1] = {}): FramedClient {
  return new FramedClient(codecs[1]!.make(), options);
}

test("many messages of a turn are one write, large ones are not copied", () => {
  const client = framed();
  for (let index = 0; index < 10; index += 1) client.socket.send(message.setData(`m${index}`));
  client.socket.flush();
  assert.equal(client.bytes.taken.length, 1);
  const large = message.setData(new Uint8Array(limits.writeJoinBytesMax)).frame();
  client.socket.send(message.setData("small"));
  client.socket.send(message.setData(new Uint8Array(limits.writeJoinBytesMax)));
  client.socket.send(message.setData("small"));
  client.socket.flush();
  const lengths = client.bytes.taken.slice(1).map(({ length }) => length);
  assert.deepEqual(lengths, [7, large.length, 7]);
});

test("messages are deflated from a size on, where it was negotiated", () => {
  const client = framed({ deflate: true });
  client.socket.send(message.setData("x".repeat(limits.deflateBytesMin - 1)));
  client.socket.send(message.setData("x".repeat(limits.deflateBytesMin)));
  client.socket.flush();
  const [plain = "", deflated = ""] = client.received();
  assert.ok(plain.startsWith("text xxx") && deflated.startsWith("deflated text"));
  const other = framed();
  other.socket.send(message.setData("x".repeat(limits.deflateBytesMin)));
  other.socket.flush();
  assert.ok(other.received()[0]?.startsWith("text xxx"));
});

test("a client that pings and does not read gets the latest pong in the end", () => {
  const client = framed();
  client.bytes.block();
  const count = 2_000;
  for (let index = 0; index < count; index += 1) {
    client.send({ opcode: 9, payload: `${index}`.padStart(100, ".") });
  }
  assert.ok(client.socket.bufferedAmount < limits.pongQueueBytesMax + 200);
  client.bytes.unblock();
  const pongs = client.received();
  assert.ok(pongs.length < count);
  assert.ok(pongs.at(-1)?.endsWith(`..${count - 1}`));
});

test("a client that does not answer a close is cut after a while, with our code", async () => {
  const client = framed();
  client.socket.close(1_012, "drain");
  client.clock.advance(closeWaitMs - 1);
  assert.equal(client.bytes.destroyed, false);
  client.clock.advance(1);
  await client.settle();
  assert.ok(client.bytes.destroyed);
  assert.deepEqual(client.handler.calls, ["close 1012 drain"]);
  assert.equal(client.clock.pendingTimers, 0);
});

test("a client that goes on sending after our close is cut past a limit", async () => {
  const client = framed();
  client.socket.close(1_013, "overload");
  const chunk = clientFrame({ opcode: 2, payload: Buffer.alloc(1_000) });
  for (let sent = 0; sent <= limits.closingBytesMax; sent += chunk.length) {
    client.bytes.receive(chunk);
  }
  await client.settle();
  assert.ok(client.bytes.destroyed);
  assert.ok(!client.handler.calls.some((what) => what.startsWith("binary")));
  assert.equal(client.handler.calls.at(-1), "close 1013 overload");
});

test("an answered close leaves no timer behind", async () => {
  const client = framed();
  client.socket.close(4_000, "");
  client.send({ opcode: 8, payload: closePayload(4_000) });
  assert.ok(client.bytes.ended);
  client.bytes.cut();
  await client.settle();
  assert.equal(client.clock.pendingTimers, 0);
  assert.deepEqual(client.received(), ["close 4000"]);
});

test("the handler may close or cut inside open and inside a message", async () => {
  for (const act of ["close", "terminate"] as const) {
    for (const moment of ["open", "text one"]) {
      const client = framed({
        during(socket, what) {
          if (what !== moment) return;
          if (act === "close") socket.close(4_000, "inside");
          else socket.terminate();
        },
      });
      client.send({ opcode: 1, payload: "one" }, { opcode: 1, payload: "two" });
      client.clock.advance(closeWaitMs);
      await client.settle();
      const told = client.handler.calls.filter((what) => what !== "pong");
      const close = act === "close" ? "close 4000 inside" : "close 1006";
      assert.deepEqual(
        told,
        moment === "open" ? [close] : ["text one", close],
        `${act} ${moment}`,
      );
    }
  }
});

test("a ping of the client during our close is not answered", () => {
  const client = framed();
  client.socket.close(1_000, "");
  client.send({ opcode: 9, payload: "late" });
  assert.deepEqual(client.received(), ["close 1000"]);
});

test("the end is told when the close frames are exchanged, not when TCP ends", async () => {
  for (const first of ["client", "server"] as const) {
    const client = new FramedClient(codecs[0]!.make());
    if (first === "server") client.socket.close(4_000, "");
    client.send({ opcode: 8, payload: closePayload(4_000) });
    const closes = (): string[] => client.handler.calls.filter((what) => what.startsWith("close"));
    assert.deepEqual(closes(), ["close 4000"]);
    assert.ok(!client.bytes.destroyed);
    client.clock.advance(closeWaitMs);
    await Promise.resolve();
    assert.deepEqual(closes(), ["close 4000"], "once");
  }
});

const settings = {
  node: "n1",
  messageBytesMax: 4_000_000,
  batchBytesTarget: 400,
  partialBytesMax: 8_000_000,
};

/** Asks for each message, and writes what passes it into the batch buffer as a gateway does. */
class Passing extends RecordingHandler {
  readonly batches: Uint8Array[] = [];
  readonly #codec: Codec;
  readonly #buffer: number;

  constructor(codec: Codec, buffer: number) {
    super(0);
    this.#codec = codec;
    this.#buffer = buffer;
    this.takeBuffer = () => this.batches.push(codec.events.takeBatch(buffer));
  }

  override open(socket: Socket): ConnectionHandle {
    return { ...super.open(socket), bypassBatch: true };
  }

  override text(connection: ConnectionHandle, data: string): void {
    if (data === "close") this.socket?.close(1000, "");
    while (!this.#codec.events.text(connection.slot, data)) this.bufferFull();
  }

  override binary(connection: ConnectionHandle, data: Uint8Array): void {
    while (!this.#codec.events.bytes(connection.slot, MessageKind.binary, data)) this.bufferFull();
  }

  /** The data of all messages that went into the batch buffer. */
  messages(): unknown[] {
    const batches = [...this.batches, this.#codec.events.takeBatch(this.#buffer)];
    return batches.flatMap((batch) => itemsOf(batch).map((item) => item[3]));
  }
}

function started(codec: Codec): { bytes: MemoryByteSocket; handler: Passing } {
  const buffer = codec.events.openBuffer("s");
  codec.events.bind(0, idOf("n1", 0), buffer);
  const handler = new Passing(codec, buffer);
  const { messageBytesMax } = settings;
  const clock = new ManualClock();
  const sockets = new FramedSockets({
    handler,
    ...codec,
    clock,
    deflate,
    messageBytesMax,
    batchBuffers: true,
  });
  const bytes = new MemoryByteSocket();
  bytes.listener = sockets.start(bytes, { ...admission, deflate: true }, new Uint8Array(0));
  return { bytes, handler };
}

for (const [name, make] of codecMakers) {
  test(`${name}: what bypasses the batch stays whole while the codec's memory grows`, () => {
    const { bytes, handler } = started(make(settings));
    const large = new Uint8Array(3_000_000).map((_, i) => i);
    const small = new Uint8Array(100).map((_, i) => i);
    for (const payload of [small, large, small, small, small, small, large]) {
      bytes.receive(clientFrame({ opcode: 2, payload: Buffer.from(payload) }));
    }
    const seen = handler.messages() as Uint8Array[];
    const lengths = seen.map((data) => data.length);
    assert.deepEqual(lengths, [100, 3_000_000, 100, 100, 100, 100, 3_000_000]);
    for (const data of seen) assert.ok(data.every((byte, i) => byte === (i & 255)));
  });

  test(`${name}: an inflated message and its state keep to what the broker takes`, () => {
    const codec = make(settings);
    const { bytes, handler } = started(codec);
    codec.events.limitBatches(400, 1_000);
    codec.events.setState(0, codec.values.encodeValue("s".repeat(97)));
    const inflated = (length: number): void => {
      const payload = deflate.deflate(Buffer.alloc(length, "a"));
      bytes.receive(clientFrame({ opcode: 1, payload, reserved: 4 }));
    };
    inflated(901);
    assert.deepEqual(handler.calls.slice(0, 1), ["pong"]);
    assert.deepEqual(handler.messages(), ["a".repeat(901)]);
    inflated(902);
    assert.ok(handler.calls.includes("fault message-too-big"), handler.calls.join());
  });

  test(`${name}: nothing bypasses the batch after our own close frame`, () => {
    const { bytes, handler } = started(make(settings));
    const payload = deflate.deflate(Buffer.from("late"));
    for (const frame of [
      { opcode: 1, payload: "close" },
      { opcode: 1, payload: "late" },
      { opcode: 1, payload, reserved: 4 },
    ]) {
      bytes.receive(clientFrame(frame));
    }
    assert.deepEqual(handler.messages(), ["close"]);
  });
}
