import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import mqttPacket from "mqtt-packet";
import { DataLane } from "../../../../../adapters/mqtt/lane/data-lane.ts";
import { waitFor } from "../../../../support/process/wait.ts";

/** A socket to a broker that exists in memory only. */
class FakeSocket extends Duplex {
  readonly written: Buffer[] = [];
  /** Bytes that were written at once. */
  readonly writes: number[] = [];

  constructor() {
    super({ allowHalfOpen: false });
  }

  /** Bytes come from the broker. */
  receive(...packets: readonly Uint8Array[]): void {
    this.push(Buffer.concat(packets));
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#take([chunk]);
    done();
  }

  override _writev(pieces: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.#take(pieces.map(({ chunk }) => chunk));
    done();
  }

  #take(chunks: readonly Buffer[]): void {
    this.written.push(...chunks.map((chunk) => Buffer.from(chunk)));
    this.writes.push(chunks.reduce((sum, { length }) => sum + length, 0));
  }
}

const version = 4;

function publishBytes(topic: string, payload: string | Buffer, qos: 0 | 1 = 0): Buffer {
  const fields = { cmd: "publish", topic, payload, qos, retain: false, dup: false } as const;
  return mqttPacket.generate(qos === 0 ? fields : { ...fields, messageId: 7 });
}

function rig(joinBytesMax = 1_000) {
  const socket = new FakeSocket();
  /** What came by, in its order: texts of messages, and bytes for the library. */
  const came: string[] = [];
  const lane = new DataLane(socket as unknown as Socket, {
    version,
    joinBytesMax,
    packetBytesMax: 1_000_000,
    message: (topic, payload) => came.push(`${topic} ${Buffer.from(payload).toString()}`),
  });
  return { socket, lane, came, closed: () => lane.closed };
}

/** The library reads, and says what it got. */
function read({ lane, came }: Pick<ReturnType<typeof rig>, "lane" | "came">): void {
  lane.on("data", (bytes: Buffer) => came.push(`library ${bytes.length}`));
}

test("messages at QoS 0 pass the library by, and it gets all other bytes", async () => {
  const it = rig();
  read(it);
  const other = publishBytes("t", "one", 1);
  it.socket.receive(publishBytes("t", "a"), other, publishBytes("u", "b"));
  await waitFor(() => it.came.length === 3, { what: "all three" });
  // The library has not handled the second one: what is behind it must not overtake it.
  const rest = publishBytes("u", "b").length;
  assert.deepEqual(it.came, ["t a", `library ${other.length}`, `library ${rest}`]);
  for (let packets = 0; packets < 3; packets++) it.lane.handled();
  it.socket.receive(publishBytes("t", "c"));
  await waitFor(() => it.came.length === 4, { what: "the next" });
  assert.equal(it.came[3], "t c");
  it.socket.receive(other, publishBytes("t", "d"));
  await waitFor(() => it.came.length === 6, { what: "the last" });
  assert.deepEqual(it.came.slice(4), [`library ${other.length}`, `library ${rest}`]);
});

test("a message behind a packet that the library handles at once is not delayed", async () => {
  const it = rig();
  it.lane.on("data", () => it.lane.handled());
  await setImmediate();
  it.socket.receive(publishBytes("t", "one", 1), publishBytes("t", "a"));
  await waitFor(() => it.came.length === 1, { what: "the message" });
  assert.deepEqual(it.came, ["t a"]);
});

test("a packet of the library that is not written yet goes out before a message", async () => {
  const { lane, socket } = rig();
  const packet = { cmd: "pingreq" } as const;
  lane.cork();
  mqttPacket.writeToStream(packet, lane);
  lane.publish("t", Buffer.from("a"));
  await setImmediate();
  assert.equal(socket.written.length, 0);
  lane.uncork();
  await waitFor(() => socket.written.length > 0, { what: "the bytes" });
  const expected = Buffer.concat([mqttPacket.generate(packet), publishBytes("t", "a")]);
  assert.deepEqual(Buffer.concat(socket.written), expected);
});

test("a message is one write to the socket, also if it is not copied", async () => {
  const { lane, socket } = rig(100);
  for (const size of [0, 10, 100, 101, 70_000]) {
    socket.writes.length = socket.written.length = 0;
    const payload = Buffer.alloc(size, "x");
    lane.publish("t", payload);
    assert.equal(socket.writes.length, 1, `${size}`);
    assert.deepEqual(Buffer.concat(socket.written), publishBytes("t", payload));
    assert.equal(socket.written.length, size <= 100 ? 1 : 2, `${size}`);
  }
});

test("the header of a large message stands in the room before it, and nothing is copied", () => {
  for (const [room, before] of [
    [5, 5],
    [4, 4],
    [40, 40],
    [0, 40],
  ] as const) {
    const { lane, socket } = rig(100);
    const whole = Buffer.alloc(before + 300, "r");
    const payload = whole.subarray(before).fill("x");
    // One byte for the kind, two for the length, three for the topic.
    const fits = room >= 6;
    lane.publish("t", payload, room);
    lane.publish("t", payload, room);
    const expected = publishBytes("t", payload);
    assert.deepEqual(Buffer.concat(socket.written), Buffer.concat([expected, expected]));
    assert.equal(socket.written.length, fits ? 2 : 4, `${room}`);
    const untouched = fits ? before - 6 : before;
    assert.ok(whole.subarray(0, untouched).equals(Buffer.alloc(untouched, "r")), "other bytes");
  }
});

test("what is small enough to be copied touches no room", () => {
  const { lane, socket } = rig(100);
  const whole = Buffer.alloc(140, "x");
  lane.publish("t", whole.subarray(40), 40);
  assert.deepEqual(whole, Buffer.alloc(140, "x"));
  assert.deepEqual(Buffer.concat(socket.written), publishBytes("t", whole.subarray(40)));
});

test("the broker is not read while the library does not read", async () => {
  const it = rig();
  const other = publishBytes("t", Buffer.alloc(100_000), 1);
  it.socket.receive(other);
  await waitFor(() => it.socket.isPaused(), { what: "a pause" });
  let bytes = 0;
  it.lane.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await waitFor(() => !it.socket.isPaused(), { what: "the end of the pause" });
  assert.equal(bytes, other.length);
});

test("the end of the connection comes behind what the library has yet to read", async () => {
  const it = rig();
  it.socket.receive(publishBytes("t", "one", 1));
  it.socket.push(null);
  await waitFor(() => it.socket.destroyed, { what: "the socket's end" });
  await setImmediate();
  assert.equal(it.closed(), false);
  read(it);
  await waitFor(it.closed, { what: "the close" });
  assert.equal(it.came.length, 1);
});

test("an error of the socket is the stream's, with its code, and ends it", async () => {
  const it = rig();
  const errors: Error[] = [];
  it.lane.on("error", (error) => errors.push(error));
  const error = Object.assign(new Error("reset"), { code: "ECONNRESET" });
  it.socket.destroy(error);
  await waitFor(it.closed, { what: "the close" });
  assert.deepEqual(errors, [error]);
  // It may go without a word, too.
  const silent = rig();
  silent.socket.destroy();
  await waitFor(silent.closed, { what: "the other close" });
});

test("the library's end of the stream ends the socket after what was written", async () => {
  const { lane, socket } = rig();
  lane.write(Buffer.from("bye"));
  lane.end();
  await waitFor(() => socket.writableFinished, { what: "the end" });
  assert.equal(Buffer.concat(socket.written).toString(), "bye");
  assert.equal(socket.destroyed, false, "the broker has the last word");
});

test("a stream that is destroyed destroys the socket, and nothing comes any more", async () => {
  const it = rig();
  read(it);
  it.socket.receive(publishBytes("t", "a"));
  await waitFor(() => it.came.length === 1, { what: "the first" });
  it.lane.destroy();
  assert.equal(it.socket.destroyed, true);
  it.socket.emit("data", Buffer.concat([publishBytes("t", "b"), publishBytes("t", "c", 1)]));
  await waitFor(it.closed, { what: "the close" });
  assert.deepEqual(it.came, ["t a"]);
});
