import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { type Codec, MessageKind, ParserStep } from "../../../../core/ports/mod.ts";
import { codecMakers, frameCodecOptions } from "../../../vectors/codecs.ts";
import { Drive } from "../../../vectors/drive.ts";
import { type FrameVector, frameVectors } from "../../../vectors/frame-vectors.ts";
import { clientFrame } from "../../../vectors/frames.ts";
import { concat, fromHex, utf8 } from "../../../vectors/hex.ts";
import { idOf } from "../../../vectors/ids.ts";

/** The events of a vector that comes in these chunks, over a fresh slot. */
function eventsOf(
  codec: Codec,
  vector: FrameVector,
  way: { readonly buffer: number; readonly bypass?: boolean },
  chunks: Iterable<Uint8Array>,
) {
  const { buffer, bypass = false } = way;
  codec.events.bind(3, idOf("n1", 3), buffer);
  codec.frames.attach(3, vector.deflate ?? false, bypass);
  // Of what bypasses the batch nothing comes into the buffer: had it, it would be missing.
  const drive = new Drive(codec, 3, bypass ? -1 : buffer);
  for (const chunk of chunks) drive.feed(chunk);
  if (bypass) assert.equal(codec.events.bufferItems(buffer), 0);
  codec.events.unbind(3);
  assert.equal(codec.frames.partialBytes(), 0, "nothing is held for a slot that is gone");
  return drive.events;
}

function* single(bytes: Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < bytes.length; i++) yield bytes.slice(i, i + 1);
}

/** Positions to split at: all of a short vector, some of a long one. */
function* splits(length: number): Generator<number> {
  const step = length < 2_000 ? 1 : 997;
  for (let at = 0; at <= length; at += at < 200 || length - at < 200 ? 1 : step) yield at;
}

/** Takes messages that bypass the batch, as a decorator does, and writes them into the buffer. */
function writeBack(codec: Codec, step: ParserStep): void {
  const payload = codec.frames.payload().slice();
  const text = step === ParserStep.text;
  const done = text
    ? codec.events.text(3, new TextDecoder("utf-8", { ignoreBOM: true }).decode(payload))
    : codec.events.bytes(3, MessageKind.binary, payload);
  assert.equal(done, true);
}

for (const [name, make] of codecMakers) {
  describe(`codec ${name}: frames`, () => {
    const codec = make(frameCodecOptions);
    const buffer = codec.events.openBuffer("s");

    for (const vector of frameVectors) {
      test(vector.name, () => {
        const { bytes, events } = vector;
        for (const way of [{ buffer }, { buffer: -1 }, { buffer, bypass: true }]) {
          assert.deepEqual(eventsOf(codec, vector, way, [bytes]), events, "whole");
          for (const at of splits(bytes.length)) {
            const halves = [bytes.slice(0, at), bytes.slice(at)];
            assert.deepEqual(eventsOf(codec, vector, way, halves), events, `split at ${at}`);
          }
          assert.deepEqual(eventsOf(codec, vector, way, single(bytes)), events, "byte by byte");
        }
      });
    }

    test("a message that its header says is too big is refused before it comes", () => {
      codec.events.bind(4, idOf("n1", 4), buffer);
      codec.frames.attach(4, false);
      assert.equal(codec.frames.feed(4, fromHex("82ff 0000000000100000")), ParserStep.fault);
      assert.equal(codec.frames.fault(), "message-too-big");
      codec.events.unbind(4);
    });

    test("a batch buffer that is full stops the parser, and nothing is lost or doubled", () => {
      codec.events.bind(4, idOf("n1", 4), buffer);
      codec.frames.attach(4, false);
      const chunk = concat(
        ...Array.from({ length: 9 }, () => clientFrame(0x82, new Uint8Array(20_000))),
      );
      let full = 0;
      let step = codec.frames.feed(4, chunk);
      while (step === ParserStep.bufferFull) {
        full++;
        assert.equal(codec.events.bufferItems(buffer), 3);
        codec.events.takeBatch(buffer);
        step = codec.frames.next();
      }
      assert.equal(step, ParserStep.done);
      assert.deepEqual(
        [full, codec.events.bufferItems(buffer), codec.frames.fedMessages()],
        [2, 3, 9],
      );
      assert.equal(codec.frames.fedBytes(), 180_000);
      codec.events.takeBatch(buffer);
      codec.events.unbind(4);
    });

    test("a batch buffer that is full holds back a message made of fragments, too", () => {
      codec.events.bind(4, idOf("n1", 4), buffer);
      codec.frames.attach(4, false);
      const big = clientFrame(0x82, new Uint8Array(60_000));
      const parts = [
        clientFrame(0x02, new Uint8Array(6_000)),
        clientFrame(0x80, new Uint8Array(6_000)),
      ];
      assert.equal(codec.frames.feed(4, big), ParserStep.done);
      assert.equal(codec.frames.feed(4, concat(...parts)), ParserStep.bufferFull);
      assert.equal(codec.frames.next(), ParserStep.bufferFull, "still full");
      codec.events.takeBatch(buffer);
      assert.equal(codec.frames.next(), ParserStep.done);
      assert.equal(codec.events.bufferItems(buffer), 1);
      codec.events.takeBatch(buffer);
      codec.events.unbind(4);
    });

    test("unfinished messages of all slots share one bound", () => {
      const part = clientFrame(0x02, new Uint8Array(60_000));
      for (let slot = 0; slot < 17; slot++) {
        codec.events.bind(slot, idOf("n1", slot), buffer);
        codec.frames.attach(slot, false);
        const step = codec.frames.feed(slot, part);
        assert.equal(step, slot < 16 ? ParserStep.done : ParserStep.fault);
      }
      assert.equal(codec.frames.fault(), "parser-memory");
      assert.equal(codec.frames.partialBytes(), 960_000);
      for (let slot = 0; slot < 17; slot++) codec.events.unbind(slot);
      assert.equal(codec.frames.partialBytes(), 0);
    });

    test("a chunk is copied: the caller may use its buffer again at once", () => {
      codec.events.bind(4, idOf("n1", 4), -1);
      codec.frames.attach(4, false);
      const bytes = concat(clientFrame(0x81, utf8("one")), clientFrame(0x81, utf8("two")));
      assert.equal(codec.frames.feed(4, bytes), ParserStep.text);
      assert.deepEqual(codec.frames.payload(), utf8("one"));
      bytes.fill(0);
      assert.equal(codec.frames.next(), ParserStep.text);
      assert.deepEqual(codec.frames.payload(), utf8("two"));
      assert.equal(codec.frames.next(), ParserStep.done);
      codec.events.unbind(4);
    });

    test("a slot freed while its chunk is in work ends the chunk", () => {
      codec.events.bind(4, idOf("n1", 4), -1);
      codec.frames.attach(4, false);
      const ping = clientFrame(0x89, utf8("x"));
      assert.equal(codec.frames.feed(4, concat(ping, ping)), ParserStep.ping);
      assert.throws(() => codec.frames.feed(4, ping), /the last chunk is finished/);
      codec.events.unbind(4);
      assert.equal(codec.frames.next(), ParserStep.done);
      codec.events.bind(4, idOf("n1", 4), -1);
      codec.frames.attach(4, false);
      assert.equal(codec.frames.feed(4, ping), ParserStep.ping);
      codec.events.unbind(4);
    });

    test("a chunk far larger than the input area", () => {
      codec.events.bind(4, idOf("n1", 4), buffer);
      codec.frames.attach(4, false);
      const one = clientFrame(0x82, new Uint8Array(50_000).fill(7));
      const drive = new Drive(codec, 4, buffer);
      drive.feed(concat(...Array.from({ length: 80 }, () => one)));
      assert.deepEqual(drive.events, Array(80).fill(`binary:${"07".repeat(50_000)}`));
      codec.events.unbind(4);
    });

    test("UTF-8 is told from what is not", () => {
      assert.equal(codec.frames.validUtf8(utf8("")), true);
      assert.equal(codec.frames.validUtf8(utf8(`${"a".repeat(100_000)}é`)), true);
      assert.equal(codec.frames.validUtf8(fromHex("eda080")), false);
      assert.equal(codec.frames.validUtf8(concat(utf8("a".repeat(70_000)), fromHex("c3"))), false);
    });

    test("what bypasses the batch comes back through `text` and `bytes` amid its chunk", () => {
      codec.events.bind(3, idOf("n1", 3), buffer);
      codec.frames.attach(3, false, true);
      codec.events.setState(3, fromHex("07"));
      const data = ["a", new Uint8Array(40_000).fill(1), "é".repeat(30), new Uint8Array(0), ""];
      const frames = data.map((one) =>
        typeof one === "string" ? clientFrame(0x81, utf8(one)) : clientFrame(0x82, one),
      );
      const cut = concat(clientFrame(0x01, utf8("cu")), clientFrame(0x80, utf8("t")));
      let step = codec.frames.feed(3, concat(...frames, cut));
      while (step !== ParserStep.done) {
        writeBack(codec, step);
        step = codec.frames.next();
      }
      assert.deepEqual(
        [codec.frames.fedMessages(), codec.frames.fedBytes()],
        [0, 0],
        "not by the parser",
      );
      const [, , , items] = decode(codec.events.takeBatch(buffer)) as [1, "s", 0, unknown[][]];
      assert.deepEqual(
        items.map((item) => item.slice(2)),
        [...data, "cut"].map((one, i) => [i + 1, one, 7]),
      );
      codec.events.unbind(3);
    });

    test("a slot that is attached anew, or bound anew, hands nothing out", () => {
      codec.events.bind(3, idOf("n1", 3), buffer);
      codec.frames.attach(3, false, true);
      assert.equal(codec.frames.feed(3, clientFrame(0x81, utf8("x"))), ParserStep.text);
      assert.equal(codec.frames.next(), ParserStep.done);
      codec.frames.attach(3, false);
      assert.equal(codec.frames.feed(3, clientFrame(0x81, utf8("x"))), ParserStep.done);
      codec.frames.attach(3, false, true);
      codec.events.unbind(3);
      codec.events.bind(3, idOf("n1", 3), buffer);
      codec.frames.attach(3, false, false);
      assert.equal(codec.frames.feed(3, clientFrame(0x81, utf8("x"))), ParserStep.done);
      assert.equal(codec.events.bufferItems(buffer), 2);
      codec.events.takeBatch(buffer);
      codec.events.unbind(3);
    });
  });
}
