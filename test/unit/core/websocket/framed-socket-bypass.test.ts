import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Codec,
  type ConnectionHandle,
  MessageKind,
  type Socket,
} from "../../../../core/ports/mod.ts";
import { FramedSockets } from "../../../../core/websocket/mod.ts";
import { createZlibDeflate } from "../../../../runtimes/server/deflate.ts";
import { createWasmCodec } from "../../../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";
import { clientFrame } from "../../../support/clients/raw-client-frames.ts";
import { ManualClock, MemoryByteSocket } from "../../../support/memory/mod.ts";
import { admission, RecordingHandler } from "../../../support/sockets/recording-handler.ts";
import { idOf } from "../../../vectors/ids.ts";

const settings = {
  node: "n1",
  messageBytesMax: 4_000_000,
  batchBytesTarget: 400,
  partialBytesMax: 8_000_000,
};
const deflate = createZlibDeflate();

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
    return batches.flatMap((batch) => {
      const [, , , items] = this.#codec.values.decodeValue(batch) as [
        1,
        string,
        number,
        unknown[][],
      ];
      return items.map((item) => item[3]);
    });
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

for (const [name, make] of [
  ["wasm codec", createWasmCodec],
  ["plain codec", createReferenceCodec],
] as const) {
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
