import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { codecMakers } from "../../../vectors/codecs.ts";

const id = `n.${"A".repeat(26)}`;

for (const [name, create] of codecMakers) {
  test(`a moved slot goes on with its seq in the other batch buffer (${name})`, () => {
    const codec = create({
      node: "n",
      messageBytesMax: 1_000,
      batchBytesTarget: 1_000,
      partialBytesMax: 10_000,
    });
    const [one, two] = [codec.events.openBuffer("one"), codec.events.openBuffer("two")];
    codec.events.bind(0, id, one);
    assert.ok(codec.events.text(0, "a"));
    codec.events.move(0, two);
    assert.ok(codec.events.text(0, "b"));
    assert.deepEqual(decode(codec.events.takeBatch(one)), [
      1,
      "one",
      0,
      [["message", id, 1, "a"]],
    ]);
    assert.deepEqual(decode(codec.events.takeBatch(two)), [
      1,
      "two",
      0,
      [["message", id, 2, "b"]],
    ]);
  });
}

for (const [name, create] of codecMakers) {
  test(`what a moved slot is introduced with is read and stays (${name})`, () => {
    const options = { messageBytesMax: 1_000, batchBytesTarget: 1_000, partialBytesMax: 10_000 };
    const codec = create({ node: "n", ...options });
    const buffer = codec.events.openBuffer("one");
    codec.events.bind(0, id, buffer);
    assert.deepEqual([codec.events.nextSeq(0), codec.events.state(0)], [1, undefined]);
    const state = codec.values.encodeValue({ seat: 1 });
    codec.events.setState(0, state);
    codec.events.text(0, "a");
    const read = codec.events.state(0)!;
    assert.deepEqual([codec.events.nextSeq(0), read], [2, new Uint8Array(state)]);
    // A copy: what is done to it changes nothing.
    read.fill(0);
    assert.equal(codec.events.takeSeq(0), 2);
    assert.deepEqual([codec.events.nextSeq(0), codec.events.state(0)], [3, new Uint8Array(state)]);
    codec.events.setState(0, undefined);
    assert.equal(codec.events.state(0), undefined);
    codec.events.unbind(0);
    assert.throws(() => codec.events.nextSeq(0), /bound/);
    assert.throws(() => codec.events.state(0), /bound/);
  });
}
