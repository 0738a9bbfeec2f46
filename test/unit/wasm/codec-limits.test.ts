import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { ParserStep } from "../../../core/ports/mod.ts";
import { createPlainCodec, createWasmCodec } from "../../../wasm/mod.ts";
import { clientFrame } from "../../support/raw-client-frames.ts";

const id = `n.${"A".repeat(26)}`;
const made = { messageBytesMax: 900, batchBytesTarget: 1_000, partialBytesMax: 10_000 };
const frame = (bytes: number): Uint8Array =>
  clientFrame({ opcode: 2, payload: Buffer.alloc(bytes) });

for (const [name, create] of Object.entries({ wasm: createWasmCodec, plain: createPlainCodec })) {
  test(`a broker's limit makes batches and messages smaller, and goes again (${name})`, () => {
    const codec = create({ node: "n", ...made });
    const buffer = codec.openBuffer("one");
    codec.bind(0, id, buffer);
    codec.attach(0, false);
    codec.limitBatches(200, 150);
    assert.equal(codec.messageBytesMax, 150);
    assert.ok(codec.bytes(0, 2, new Uint8Array(100)));
    assert.equal(codec.bytes(0, 2, new Uint8Array(100)), false, "past the lowered target");
    assert.equal(codec.feed(0, frame(100)), ParserStep.bufferFull);
    const [, , , items] = decode(codec.takeBatch(buffer)) as [0, 0, 0, unknown[]];
    assert.equal(items.length, 1);
    assert.equal(codec.next(), ParserStep.done);
    codec.limitBatches(1e9, 1e9);
    assert.equal(codec.messageBytesMax, made.messageBytesMax, "never above what it was made with");
    assert.ok(codec.bytes(0, 2, new Uint8Array(300)));
    assert.equal(codec.bytes(0, 2, new Uint8Array(600)), false);
    codec.takeBatch(buffer);
    assert.equal(codec.feed(0, frame(900)), ParserStep.done);
    codec.limitBatches(200, 150);
    assert.equal(codec.feed(0, frame(151)), ParserStep.fault);
    assert.equal(codec.fault(), "message-too-big");
  });
}
