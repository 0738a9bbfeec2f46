import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { ParserStep } from "../../../../core/ports/mod.ts";
import { clientFrame } from "../../../support/clients/raw-client-frames.ts";
import { codecMakers } from "../../../vectors/codecs.ts";

const id = `n.${"A".repeat(26)}`;
const made = { messageBytesMax: 900, batchBytesTarget: 1_000, partialBytesMax: 10_000 };
const frame = (bytes: number): Uint8Array =>
  clientFrame({ opcode: 2, payload: Buffer.alloc(bytes) });

for (const [name, create] of codecMakers) {
  test(`a broker's limit makes batches and messages smaller, and goes again (${name})`, () => {
    const codec = create({ node: "n", ...made });
    const buffer = codec.events.openBuffer("one");
    codec.events.bind(0, id, buffer);
    codec.frames.attach(0, false);
    codec.events.limitBatches(200, 150);
    assert.equal(codec.events.messageBytesMax, 150);
    assert.ok(codec.events.bytes(0, 2, new Uint8Array(100)));
    assert.equal(codec.events.bytes(0, 2, new Uint8Array(100)), false, "past the lowered target");
    assert.equal(codec.frames.feed(0, frame(100)), ParserStep.bufferFull);
    const [, , , items] = decode(codec.events.takeBatch(buffer)) as [0, 0, 0, unknown[]];
    assert.equal(items.length, 1);
    assert.equal(codec.frames.next(), ParserStep.done);
    codec.events.limitBatches(1e9, 1e9);
    assert.equal(
      codec.events.messageBytesMax,
      made.messageBytesMax,
      "never above what it was made with",
    );
    assert.ok(codec.events.bytes(0, 2, new Uint8Array(300)));
    assert.equal(codec.events.bytes(0, 2, new Uint8Array(600)), false);
    codec.events.takeBatch(buffer);
    assert.equal(codec.frames.feed(0, frame(900)), ParserStep.done);
    codec.events.limitBatches(200, 150);
    assert.equal(codec.frames.feed(0, frame(151)), ParserStep.fault);
    assert.equal(codec.frames.fault(), "message-too-big");
  });
}
