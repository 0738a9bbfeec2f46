import { createRequire } from "node:module";
import { resolve } from "node:path";
import { decode, Encoder, encode } from "@msgpack/msgpack";
import { type Codec, type CodecOptions, MessageKind } from "../../../core/ports/mod.ts";
import { createWasmCodec } from "../../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../../reference/mod.ts";
import { clientFrame } from "../../vectors/frames.ts";
import { idOf } from "../../vectors/ids.ts";
import { type Contender, race, type Timing, timingLines } from "../measure/timing.ts";

const options: CodecOptions = {
  node: "bench-node",
  messageBytesMax: 1_048_576,
  batchBytesTarget: 65_536,
  partialBytesMax: 268_435_456,
};
const rounds = 9;
const slot = 77;
const id = idOf(options.node, slot);
const ascii = "It is 64 bytes, as a chat line or a small JSON event would have!";
const data64 = new TextEncoder().encode(ascii);

interface Bound {
  readonly codec: Codec;
  readonly buffer: number;
}

function bound(make: (options: CodecOptions) => Codec): Bound {
  const codec = make(options);
  const buffer = codec.events.openBuffer("bench-node/incarnation/0");
  codec.events.bind(slot, id, buffer);
  codec.frames.attach(slot, false);
  return { codec, buffer };
}

/** Frames in, batches out: what a chunk costs a message, the batch's copy included. */
function feeding(name: string, { codec, buffer }: Bound, chunk: Uint8Array): Contender {
  let taken = 0;
  const run = (operations: number): void => {
    const messages = chunk.length / clientFrame(0x82, data64).length;
    for (let i = 0; i < operations; i += messages) {
      let step = codec.frames.feed(slot, chunk);
      while (step !== 0) {
        taken += codec.events.takeBatch(buffer).length;
        step = codec.frames.next();
      }
    }
    if (taken < 0) throw new Error("never");
  };
  return { name, run };
}

/** What is used of `ws`'s Receiver here. */
interface WsReceiver {
  on(event: "message", listener: (data: Buffer, binary: boolean) => void): void;
  write(chunk: Uint8Array): void;
}

/** By its file, because Bun puts a shim without a Receiver in the place of `ws`. */
function newReceiver(): WsReceiver {
  const load = createRequire(resolve("package.json"));
  const Receiver = load(resolve("node_modules/ws/lib/receiver.js"));
  return new Receiver({ isServer: true, maxPayload: options.messageBytesMax });
}

/** `ws`'s Receiver, then the same envelope by @msgpack/msgpack; the messages stay one by one. */
function receiving(name: string, chunk: Buffer, pack: (item: unknown) => Uint8Array): Contender {
  const receiver = newReceiver();
  let seq = 0;
  let bytes = 0;
  receiver.on("message", (data: Buffer, binary: boolean) => {
    seq = (seq + 1) & 0xffff;
    bytes += pack(["message", id, seq, binary ? data : data.toString()]).length;
  });
  // The Receiver unmasks in place: the chunk is made anew for each write (20 ns).
  const fresh = Buffer.alloc(chunk.length);
  const run = (operations: number): void => {
    const messages = chunk.length / clientFrame(0x82, data64).length;
    for (let i = 0; i < operations; i += messages) {
      fresh.set(chunk);
      receiver.write(fresh);
    }
    if (bytes === 0) throw new Error("the receiver gave nothing in the same turn");
  };
  return { name, run };
}

function encoding(name: string, { codec, buffer }: Bound, kind: MessageKind): Contender {
  let taken = 0;
  const add = (): boolean =>
    kind === MessageKind.text
      ? codec.events.text(slot, ascii)
      : codec.events.bytes(slot, kind, data64);
  const run = (operations: number): void => {
    for (let i = 0; i < operations; i++) {
      if (add()) continue;
      taken += codec.events.takeBatch(buffer).length;
      add();
    }
    if (taken < 0) throw new Error("never");
  };
  return { name, run };
}

function packing(name: string, kind: MessageKind, pack: (item: unknown) => Uint8Array): Contender {
  const value = kind === MessageKind.text ? ascii : data64;
  let seq = 0;
  const run = (operations: number): void => {
    for (let i = 0; i < operations; i++) {
      pack(["message", id, ++seq & 0xffff, value]);
    }
  };
  return { name, run };
}

const commands = 16;

function commandBatch(codec: Codec): Uint8Array {
  const items = Array.from({ length: commands }, () => ["send", id, data64]);
  return codec.values.encodeValue([1, "origin/incarnation", 4_000, items]);
}

/** A batch of 16 `send`s, each resolved to its slot and its data looked at; per command. */
function deciding(name: string, { codec }: Bound): Contender {
  const batch = commandBatch(codec);
  let bytes = 0;
  const run = (operations: number): void => {
    for (let i = 0; i < operations; i += commands) {
      if (codec.commands.decode(batch) !== undefined)
        throw new Error("a batch that cannot be read");
      while (codec.commands.nextItem()) {
        if (codec.commands.verb() !== 1 || codec.commands.itemError() !== undefined) continue;
        for (let t = 0; t < codec.commands.targets(); t++)
          if (codec.commands.target(t) !== slot) bytes = -1;
        bytes += codec.commands.dataLength();
      }
    }
    if (bytes < 0) throw new Error("a target that cannot be found");
  };
  return { name, run };
}

function unpacking({ codec }: Bound): Contender {
  const batch = commandBatch(codec);
  const slots = new Map([[id, slot]]);
  let bytes = 0;
  const run = (operations: number): void => {
    for (let i = 0; i < operations; i += commands) {
      const [, , , items] = decode(batch) as [
        number,
        string,
        number,
        [string, string, Uint8Array][],
      ];
      for (const [verb, target, data] of items) {
        if (verb === "send" && slots.get(target) === slot) bytes += data.length;
      }
    }
    if (bytes < 0) throw new Error("never");
  };
  return { name: "msgpack", run };
}

function checking(name: string, { codec }: Bound, text: Uint8Array): Contender {
  const run = (operations: number): void => {
    for (let i = 0; i < operations; i++)
      if (!codec.frames.validUtf8(text)) throw new Error("it is valid");
  };
  return { name, run };
}

/** What the runtime's own decoder takes to refuse bad text. */
function decoding(text: Uint8Array): Contender {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const run = (operations: number): void => {
    for (let i = 0; i < operations; i++) decoder.decode(text);
  };
  return { name: "fatal TextDecoder", run };
}

function repeated(frame: Uint8Array, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => frame));
}

/** Races all contenders and prints a block of lines for each thing done. */
export async function runCodecBench(print: (line: string) => void): Promise<Timing[][]> {
  const all: Timing[][] = [];
  const show = async (title: string, contenders: readonly Contender[]): Promise<void> => {
    const timings = race(contenders, rounds);
    all.push(timings);
    for (const line of timingLines(title, timings)) print(line);
    // What was waited for by streams gets its turn, and the next race starts with a clean slate.
    await new Promise((resolve) => setImmediate(resolve));
  };
  const encoder = new Encoder();
  const fast = bound(createWasmCodec);
  const plain = bound(createReferenceCodec);
  for (const [opcode, kind] of [
    [0x82, "binary"],
    [0x81, "text"],
  ] as const) {
    for (const times of [1, 16]) {
      const chunk = repeated(clientFrame(opcode, data64), times);
      await show(`in: ${kind} frames of 64 bytes, ${times} a chunk, per message`, [
        feeding("wasm", fast, chunk),
        feeding("reference", plain, chunk),
        receiving("ws + msgpack encode()", chunk, encode),
        receiving("ws + one msgpack Encoder", chunk, (item) => encoder.encodeSharedRef(item)),
      ]);
    }
  }
  for (const [name, kind] of [
    ["binary", MessageKind.binary],
    ["text", MessageKind.text],
  ] as const) {
    await show(`in: parsed by the runtime, ${name} of 64 bytes, per message`, [
      encoding("wasm", fast, kind),
      encoding("reference", plain, kind),
      packing("msgpack encode()", kind, encode),
      packing("one msgpack Encoder", kind, (item) => encoder.encodeSharedRef(item)),
    ]);
  }
  for (const [what, text] of [
    ["64 bytes of ASCII", ascii],
    ["4 KiB of ASCII", ascii.repeat(64)],
    ["4 KiB of Cyrillic", "Ж".repeat(2_048)],
  ] as const) {
    const bytes = new TextEncoder().encode(text);
    await show(`UTF-8 check alone: ${what}`, [
      checking("wasm", fast, bytes),
      checking("reference", plain, bytes),
      decoding(bytes),
    ]);
  }
  await show(`out: a batch of ${commands} sends of 64 bytes, per command`, [
    deciding("wasm", fast),
    deciding("reference", plain),
    unpacking(fast),
  ]);
  return all;
}
