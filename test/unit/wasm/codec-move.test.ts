import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { createPlainCodec, createWasmCodec } from "../../../wasm/mod.ts";

const id = `n.${"A".repeat(26)}`;

for (const [name, create] of Object.entries({ wasm: createWasmCodec, plain: createPlainCodec })) {
  test(`a moved slot goes on with its seq in the other batch buffer (${name})`, () => {
    const codec = create({
      node: "n",
      messageBytesMax: 1_000,
      batchBytesTarget: 1_000,
      partialBytesMax: 10_000,
    });
    const [one, two] = [codec.openBuffer("one"), codec.openBuffer("two")];
    codec.bind(0, id, one);
    assert.ok(codec.text(0, "a"));
    codec.move(0, two);
    assert.ok(codec.text(0, "b"));
    assert.deepEqual(decode(codec.takeBatch(one)), [1, "one", 0, [["message", id, 1, "a"]]]);
    assert.deepEqual(decode(codec.takeBatch(two)), [1, "two", 0, [["message", id, 2, "b"]]]);
  });
}

for (const [name, create] of Object.entries({ wasm: createWasmCodec, plain: createPlainCodec })) {
  test(`what a moved slot is introduced with is read and stays (${name})`, () => {
    const options = { messageBytesMax: 1_000, batchBytesTarget: 1_000, partialBytesMax: 10_000 };
    const codec = create({ node: "n", ...options });
    const buffer = codec.openBuffer("one");
    codec.bind(0, id, buffer);
    assert.deepEqual([codec.nextSeq(0), codec.state(0)], [1, undefined]);
    const state = codec.encodeValue({ seat: 1 });
    codec.setState(0, state);
    codec.text(0, "a");
    const read = codec.state(0)!;
    assert.deepEqual([codec.nextSeq(0), read], [2, new Uint8Array(state)]);
    // A copy: what is done to it changes nothing.
    read.fill(0);
    assert.equal(codec.takeSeq(0), 2);
    assert.deepEqual([codec.nextSeq(0), codec.state(0)], [3, new Uint8Array(state)]);
    codec.setState(0, undefined);
    assert.equal(codec.state(0), undefined);
    codec.unbind(0);
    assert.throws(() => codec.nextSeq(0), /bound/);
    assert.throws(() => codec.state(0), /bound/);
  });
}
