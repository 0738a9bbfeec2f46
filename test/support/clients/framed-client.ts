import { limits } from "../../../core/base/mod.ts";
import { newConnectionId } from "../../../core/connection/new-connection-id.ts";
import type { Codec } from "../../../core/ports/mod.ts";
import type { FramedSocket } from "../../../core/websocket/framed-socket.ts";
import { FramedSockets } from "../../../core/websocket/mod.ts";
import { createZlibDeflate } from "../../../runtimes/server/deflate.ts";
import { createWasmCodec } from "../../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../../reference/mod.ts";
import { ManualClock, MemoryByteSocket, SeededRandom } from "../memory/mod.ts";
import { admission, RecordingHandler } from "../sockets/recording-handler.ts";
import { type ClientFrame, clientFrame, readServerFrame } from "./raw-client-frames.ts";

const settings = {
  node: "test",
  messageBytesMax: 1_000,
  batchBytesTarget: 400,
  partialBytesMax: 100_000,
};

export const codecs: readonly { readonly name: string; readonly make: () => Codec }[] = [
  { name: "wasm codec", make: () => createWasmCodec(settings) },
  { name: "plain codec", make: () => createReferenceCodec(settings) },
];

export interface FramedOptions {
  readonly batchBuffers?: boolean;
  readonly deflate?: boolean;
  /** Bytes that came with the handshake. */
  readonly head?: Uint8Array;
  /** Called inside the handler. */
  readonly during?: RecordingHandler["during"];
}

/** A framed socket over memory, and a client that makes frames. */
export class FramedClient {
  readonly handler: RecordingHandler = new RecordingHandler(0);
  readonly bytes: MemoryByteSocket = new MemoryByteSocket();
  readonly clock: ManualClock = new ManualClock();
  readonly codec: Codec;
  readonly buffer: number;
  readonly socket: FramedSocket;
  /** Batches that were taken because the batch buffer was full. */
  readonly batches: unknown[] = [];

  constructor(codec: Codec, options: FramedOptions = {}) {
    this.codec = codec;
    const { batchBuffers = false, deflate = false, head = new Uint8Array(0), during } = options;
    this.buffer = batchBuffers ? codec.events.openBuffer("s") : -1;
    if (during !== undefined) this.handler.during = during;
    this.handler.write = (slot, kind, data) => codec.events.bytes(slot, kind, data);
    this.handler.takeBuffer = () =>
      this.batches.push(codec.values.decodeValue(codec.events.takeBatch(this.buffer)));
    codec.events.bind(0, newConnectionId("test", 0, new SeededRandom(1)), this.buffer);
    const sockets = new FramedSockets({
      handler: this.handler,
      ...codec,
      clock: this.clock,
      deflate: createZlibDeflate(),
      messageBytesMax: settings.messageBytesMax,
      batchBuffers,
    });
    this.socket = sockets.start(this.bytes, { ...admission, deflate }, head);
    this.bytes.listener = this.socket;
  }

  send(...frames: ClientFrame[]): void {
    this.bytes.receive(Buffer.concat(frames.map(clientFrame)));
  }

  /** What the client got, frame by frame. */
  received(): string[] {
    return framesOf(this.bytes);
  }

  /** The messages in the batch buffer, as their data. */
  takeMessages(): unknown[] {
    const batch = this.codec.values.decodeValue(this.codec.events.takeBatch(this.buffer)) as [
      1,
      string,
      number,
      unknown[][],
    ];
    return batch[3].map((item) => item[3]);
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
  }
}

/** What a client got, frame by frame. */
export function framesOf({ taken }: MemoryByteSocket): string[] {
  let bytes = Buffer.concat(taken);
  const frames: string[] = [];
  for (let found = readServerFrame(bytes); found; found = readServerFrame(bytes)) {
    const { opcode, payload, reserved } = found.frame;
    bytes = bytes.subarray(found.end);
    const mark = reserved === 4 ? "deflated " : "";
    frames.push(`${mark}${describe(opcode, payload)}`);
  }
  return frames;
}

export const closeWaitMs: number = limits.closeHandshakeMs;

function describe(opcode: number, payload: Buffer): string {
  switch (opcode) {
    case 1:
      return `text ${payload}`;
    case 2:
      return `binary ${[...payload].join(",")}`;
    case 8:
      return payload.length === 0
        ? "close"
        : `close ${payload.readUInt16BE(0)} ${payload.subarray(2)}`.trimEnd();
    case 9:
      return "ping";
    case 10:
      return `pong ${payload}`.trimEnd();
    default:
      return `opcode ${opcode}`;
  }
}
