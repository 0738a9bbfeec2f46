import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { createPlainCodec, createWasmCodec } from "../../wasm/mod.ts";

const id = `n.${"A".repeat(26)}`;

for (const [name, create] of Object.entries({ wasm: createWasmCodec, plain: createPlainCodec })) {
  test(`a moved slot goes on with its seq in the other lane (${name})`, () => {
    const codec = create({
      node: "n",
      messageBytesMax: 1_000,
      batchBytesTarget: 1_000,
      partialBytesMax: 10_000,
    });
    const [one, two] = [codec.openLane("one"), codec.openLane("two")];
    codec.bind(0, id, one);
    assert.ok(codec.text(0, "a"));
    codec.move(0, two);
    assert.ok(codec.text(0, "b"));
    assert.deepEqual(decode(codec.takeBatch(one)), [1, "one", 0, [["message", id, 1, "a"]]]);
    assert.deepEqual(decode(codec.takeBatch(two)), [1, "two", 0, [["message", id, 2, "b"]]]);
  });
}
