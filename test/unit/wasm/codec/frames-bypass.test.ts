import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { type Codec, MessageKind, ParserStep } from "../../../../core/ports/mod.ts";
import { createWasmCodec } from "../../../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";
import { frameCodecOptions } from "../../../vectors/codecs.ts";
import { Drive } from "../../../vectors/drive.ts";
import { frameVectors } from "../../../vectors/frame-vectors.ts";
import { clientFrame } from "../../../vectors/frames.ts";
import { concat, fromHex, utf8 } from "../../../vectors/hex.ts";
import { idOf } from "../../../vectors/ids.ts";

/** Takes messages that bypass the batch, as a decorator does, and writes them into the buffer. */
function writeBack(codec: Codec, step: ParserStep): void {
  const payload = codec.frames.payload().slice();
  const text = step === ParserStep.text;
  const done = text
    ? codec.events.text(3, new TextDecoder("utf-8", { ignoreBOM: true }).decode(payload))
    : codec.events.bytes(3, MessageKind.binary, payload);
  assert.equal(done, true);
}

for (const [name, make] of [
  ["wasm", createWasmCodec],
  ["reference", createReferenceCodec],
] as const) {
  describe(`codec ${name}: messages that bypass the batch`, () => {
    const codec = make(frameCodecOptions);
    const buffer = codec.events.openBuffer("s");

    for (const vector of frameVectors) {
      test(vector.name, () => {
        const { bytes, events, deflate = false } = vector;
        for (const at of [bytes.length, 1, 7, bytes.length - 1]) {
          codec.events.bind(3, idOf("n1", 3), buffer);
          codec.frames.attach(3, deflate, true);
          // The batch buffer is not the drive's: had anything come there, it would be missing.
          const drive = new Drive(codec, 3, -1);
          drive.feed(bytes.slice(0, at));
          drive.feed(bytes.slice(at));
          assert.deepEqual(drive.events, events, `split at ${at}`);
          assert.equal(codec.events.bufferItems(buffer), 0);
          codec.events.unbind(3);
          assert.equal(codec.frames.partialBytes(), 0);
        }
      });
    }

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
