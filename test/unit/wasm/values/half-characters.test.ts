import assert from "node:assert/strict";
import { test } from "node:test";
import { codecMakers, smallOptions } from "../../../vectors/codecs.ts";

const codecs = codecMakers.map(([name, make]) => [name, make(smallOptions)] as const);

test("half of a character never gets into an event: readers would refuse the whole batch", () => {
  for (const [name, codec] of codecs) {
    // A str of MessagePack is `a3 ed a0 80` where JSON said "\ud800".
    for (const value of ["\ud800", ["a\udc00b"], { ref: "\ud83d" }, { "\ude00": 1 }]) {
      const hex = Array.from(codec.values.encodeValue(value), (byte) => byte.toString(16)).join(
        " ",
      );
      // RFC 3629, 3: UTF-8 has no surrogates, which would be `ed a0` to `ed bf`.
      assert.doesNotMatch(hex, /ed [ab]/, name);
    }
    assert.equal(codec.values.decodeValue(codec.values.encodeValue("a\udc00b😀")), "a\ufffdb😀");
    // Longer strings are encoded in another way, and both keys become the same.
    const long = "k".repeat(60);
    const twice = { [`${long}\ud800`]: 1, [`${long}\ud801`]: 2 };
    const map = codec.values.encodeValue(twice);
    assert.deepEqual([map[0], codec.values.decodeValue(map)], [0x81, { [`${long}\ufffd`]: 2 }]);
    const batch = new TextEncoder().encode(
      '[["state", "x", {"\\ud800": "\\udc00"}, {"ref": "\\ud800"}]]',
    );
    assert.equal(codec.commands.decode(batch), undefined);
    assert.ok(codec.commands.nextItem());
    assert.deepEqual(codec.commands.options(), { ref: "\ufffd" });
    assert.deepEqual(codec.commands.value()[2], { "\ufffd": "\ufffd" });
  }
});

test("shared bytes are those of the value, until the next value is encoded", () => {
  for (const [, { values }] of codecs) {
    const value = ["open", "n.1", 0, { at: 1, path: "/\uff01", gone: undefined }];
    const own = values.encodeValue(value);
    const shared = values.encodeShared(value);
    assert.deepEqual([...shared], [...own]);
    values.encodeShared([1, 2, 3]);
    assert.equal(shared[0], 0x93);
    assert.deepEqual(values.decodeValue(own), ["open", "n.1", 0, { at: 1, path: "/\uff01" }]);
  }
});
