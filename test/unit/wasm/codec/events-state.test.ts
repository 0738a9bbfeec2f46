import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { limits } from "../../../../core/base/mod.ts";
import { limitBatches } from "../../../../core/events/batch-splitter.ts";
import { type EventChannel, MessageKind, ParserStep } from "../../../../core/ports/mod.ts";
import { createWasmCodec } from "../../../../wasm/codec/mod.ts";
import { bound, codecMakers, itemsOf, usualOptions } from "../../../vectors/codecs.ts";
import { clientFrame } from "../../../vectors/frames.ts";
import { concat, fromHex, toHex, utf8 } from "../../../vectors/hex.ts";
import { idOf } from "../../../vectors/ids.ts";

/** `94`, or `95` with a state, then `a7 message bd n1.AAAF sss…`: the items of slot 5. */
const itemHead = `a76d657373616765bd6e312e41414146${"73".repeat(22)}`;
/** Lengths where a header changes its form, and around the steps of sixteen bytes. */
const lengths = [0, 1, 15, 16, 17, 31, 32, 33, 255, 256, 65_535, 65_536, 200_000];
const stateLengths = [1, 2, 15, 16, 17, 31, 32, 33, 300, limits.stateBytesMax];

/** A MessagePack value of exactly so many bytes, whose bytes differ. */
function stateOf(bytes: number): Uint8Array {
  const head = bytes < 3 ? 1 : bytes < 258 ? 2 : 3;
  if (bytes === 1) return Uint8Array.of(7);
  if (bytes === 2) return Uint8Array.of(0xa1, 0x61);
  const value = encode(Uint8Array.from({ length: bytes - head }, (_, i) => i));
  assert.equal(value.length, bytes);
  return value;
}

/** Bytes of the arrays that stand in one another. */
function nested(levels: number): Uint8Array {
  return new Uint8Array(levels).fill(0x91, 0, levels - 1).fill(0x90, levels - 1);
}

for (const [name, make] of codecMakers) {
  describe(`codec ${name}: state`, () => {
    test("a state stands behind the data of each message, byte for byte, until it is gone", () => {
      const { codec, buffer } = bound(make);
      codec.events.text(5, "a");
      assert.equal(codec.events.setState(5, fromHex("81a16101")), true);
      codec.events.text(5, "hi");
      codec.events.bytes(5, MessageKind.binary, fromHex("00ff"));
      codec.frames.feed(5, clientFrame(0x81, utf8("é")));
      codec.events.setState(5, fromHex("c0"));
      codec.events.text(5, "nil is a value");
      codec.events.setState(5, undefined);
      codec.events.text(5, "b");
      const items = [
        `94${itemHead}01a161`,
        `95${itemHead}02a2686981a16101`,
        `95${itemHead}03c40200ff81a16101`,
        `95${itemHead}04a2c3a981a16101`,
        `95${itemHead}05ae${toHex(utf8("nil is a value"))}c0`,
        `94${itemHead}06a162`,
      ];
      assert.equal(codec.events.bufferBytes(buffer), items.join("").length / 2);
      assert.equal(toHex(codec.events.takeBatch(buffer)), `9401a1730096${items.join("")}`);
    });

    test("every way into the batch buffer, data and states of every length", () => {
      const { codec, buffer } = bound(make);
      for (const value of [undefined, ...stateLengths.map(stateOf)]) {
        codec.events.setState(5, value);
        for (const length of lengths) {
          const text = "a".repeat(length);
          const data = new Uint8Array(length).fill(0x61);
          const frame = clientFrame(0x81, data);
          const middle = clientFrame(0x01, data.subarray(0, length >> 1));
          const end = clientFrame(0x80, data.subarray(length >> 1));
          const add = [
            () => codec.events.text(5, text),
            () => codec.events.bytes(5, MessageKind.text, data),
            () => codec.frames.feed(5, frame) === ParserStep.done,
            () =>
              codec.frames.feed(5, frame.subarray(0, 5)) ===
              codec.frames.feed(5, frame.subarray(5)),
            () => codec.frames.feed(5, concat(middle, end)) === ParserStep.done,
          ];
          for (const way of add) {
            assert.equal(way(), true);
            const [item, ...more] = itemsOf(codec.events.takeBatch(buffer));
            const state = value === undefined ? [] : [decode(value)];
            assert.deepEqual(item?.slice(3), [text, ...state], `${length}, ${value?.length}`);
            assert.equal(more.length, 0);
          }
        }
      }
    });

    test("what was given may be used again, and belongs to its slot alone", () => {
      const { codec, buffer } = bound(make);
      codec.events.bind(6, idOf("n1", 6), buffer);
      const value = fromHex("93010203");
      codec.events.setState(5, value);
      value.fill(0xc1);
      codec.events.setState(6, fromHex("a16f"));
      codec.events.text(5, "x");
      codec.events.text(6, "y");
      codec.events.unbind(5);
      codec.events.bind(5, idOf("n1", 5), buffer);
      codec.events.text(5, "z");
      const taken = itemsOf(codec.events.takeBatch(buffer)).map((item) => item.slice(3));
      assert.deepEqual(taken, [["x", [1, 2, 3]], ["y", "o"], ["z"]]);
    });

    test("a state goes along to another batch buffer", () => {
      const { codec, buffer } = bound(make);
      codec.events.setState(5, fromHex("07"));
      const other = codec.events.openBuffer("t");
      codec.events.move(5, other);
      codec.events.text(5, "x");
      assert.equal(codec.events.bufferItems(buffer), 0);
      assert.deepEqual(itemsOf(codec.events.takeBatch(other))[0]?.slice(3), ["x", 7]);
    });

    test("a batch buffer counts the state to the byte before it takes a message", () => {
      const { codec, buffer } = bound(make);
      const value = stateOf(300);
      codec.events.setState(5, value);
      const head = itemHead.length / 2 + 1 + 1;
      const fits = usualOptions.batchBytesTarget - 2 * (head + value.length) - 3 - 1;
      for (const by of [
        (length: number) => codec.events.bytes(5, MessageKind.binary, new Uint8Array(length)),
        (length: number) =>
          codec.frames.feed(5, clientFrame(0x82, new Uint8Array(length))) === ParserStep.done,
      ]) {
        assert.equal(by(fits), true);
        assert.equal(codec.events.text(5, "1"), false, "one byte too many");
        assert.equal(codec.frames.feed(5, clientFrame(0x81, utf8("1"))), ParserStep.bufferFull);
        codec.events.takeBatch(buffer);
        assert.equal(codec.frames.next(), ParserStep.done);
        codec.events.takeBatch(buffer);
        assert.equal(by(fits), true);
        assert.equal(codec.events.text(5, ""), true);
        assert.equal(codec.events.bufferBytes(buffer), usualOptions.batchBytesTarget);
        codec.events.takeBatch(buffer);
      }
    });

    test("a message and its state together keep to what the broker takes", () => {
      const { codec, buffer } = bound(make, { messageBytesMax: 1_000 });
      const fed = (length: number): ParserStep => {
        codec.frames.attach(5, false);
        const step = codec.frames.feed(5, clientFrame(0x82, new Uint8Array(length)));
        codec.events.takeBatch(buffer);
        return step;
      };
      codec.events.setState(5, stateOf(300));
      assert.equal(codec.events.messageBytesMaxOf(5), 1_000, "no broker has said anything");
      assert.deepEqual([fed(1_000), fed(1_001)], [ParserStep.done, ParserStep.fault]);
      codec.events.limitBatches(65_536, 1_200);
      assert.deepEqual(
        [codec.events.messageBytesMax, codec.events.messageBytesMaxOf(5)],
        [1_000, 900],
      );
      assert.deepEqual([fed(900), fed(901)], [ParserStep.done, ParserStep.fault]);
      assert.equal(codec.frames.fault(), "message-too-big");
      codec.events.setState(5, undefined);
      assert.equal(codec.events.messageBytesMaxOf(5), 1_000);
      assert.deepEqual([fed(1_000), fed(1_001)], [ParserStep.done, ParserStep.fault]);
      codec.events.setState(5, stateOf(300));
      codec.events.limitBatches(65_536, 300);
      assert.equal(codec.events.messageBytesMaxOf(5), 0);
      assert.deepEqual([fed(0), fed(1)], [ParserStep.done, ParserStep.fault]);
      codec.events.limitBatches(65_536, 299);
      assert.equal(codec.events.messageBytesMaxOf(5), 0);
      codec.events.limitBatches(Infinity, Infinity);
      assert.deepEqual(
        [codec.events.messageBytesMax, codec.events.messageBytesMaxOf(5)],
        [1_000, 1_000],
      );
      assert.equal(fed(1_000), ParserStep.done);
    });

    test("the largest message with the largest state fits a broker's packet", () => {
      const node = "n".repeat(32);
      const codec = make({ ...usualOptions, node });
      const buffer = codec.events.openBuffer("s".repeat(128));
      codec.events.bind(5, idOf(node, 5), buffer);
      codec.frames.attach(5, false);
      codec.events.setState(5, stateOf(limits.stateBytesMax));
      for (const batchBytesMax of [8_192, 131_072]) {
        limitBatches(codec.events, { batchBytesMax } as EventChannel);
        const data = new Uint8Array(codec.events.messageBytesMaxOf(5));
        assert.equal(codec.frames.feed(5, clientFrame(0x82, data)), ParserStep.done);
        const batch = codec.events.takeBatch(buffer);
        assert.ok(batch.length <= batchBytesMax, `${batch.length} of ${batchBytesMax}`);
        assert.ok(batch.length > batchBytesMax - 80, "and is hardly smaller");
        assert.deepEqual(itemsOf(batch)[0]?.[3], data);
      }
    });

    test("a programmer's errors are asserted", () => {
      const { codec, buffer } = bound(make);
      assert.throws(() => codec.events.setState(6, fromHex("c0")), /bound/);
      assert.throws(() => codec.events.setState(6, undefined), /bound/);
      assert.throws(() => codec.events.messageBytesMaxOf(6), /bound/);
      const tooLong = stateOf(limits.stateBytesMax + 1);
      assert.throws(() => codec.events.setState(5, tooLong), /the state is short/);
      for (const hex of ["", "c1", "0102", "a2", "dd00000001"]) {
        assert.throws(() => codec.events.setState(5, fromHex(hex)), /the state is one value/);
      }
      codec.events.text(5, "x");
      assert.equal(itemsOf(codec.events.takeBatch(buffer))[0]?.length, 4, "none of them is there");
    });

    test("a state as deep as a command may have it can be read again and shown as JSON", () => {
      const { codec, buffer } = bound(make);
      assert.throws(() => codec.events.setState(5, nested(33)), /the state is one value/);
      codec.events.setState(5, nested(32));
      codec.events.text(5, "x");
      const batch = codec.events.takeBatch(buffer);
      assert.deepEqual(codec.values.decodeValue(batch), decode(batch));
      const json = new TextDecoder().decode(codec.values.toJson(batch));
      assert.ok(json.endsWith(`,"x",${"[".repeat(32)}${"]".repeat(32)}]]]`), json);
    });

    test("all states together are bounded, and what is gone makes room", () => {
      const most = 50;
      const statesBytesMax = most * limits.stateBytesMax;
      const { codec } = bound(make, { statesBytesMax });
      const value = stateOf(limits.stateBytesMax);
      for (let slot = 1_000; slot < 1_000 + most; slot++) {
        codec.events.bind(slot, idOf("n1", slot), -1);
        assert.equal(codec.events.setState(slot, value), true);
      }
      assert.equal(codec.events.setState(5, fromHex("c0")), false);
      assert.equal(codec.events.setState(1_000, value), true, "in place of its own");
      codec.events.unbind(1_000);
      assert.equal(codec.events.setState(5, value), true);
      assert.equal(codec.events.setState(1_001, undefined), true);
      codec.events.bind(6, idOf("n1", 6), -1);
      assert.equal(codec.events.setState(6, value), true);
      assert.equal(codec.events.setState(6, fromHex("c0")), true, "smaller");
    });
  });
}

test("memory stays level while states come, change and go", () => {
  const codec = createWasmCodec(usualOptions);
  let level = 0;
  for (let cycle = 0; cycle < 30_000; cycle++) {
    const slot = cycle % 2_000;
    if (cycle >= 2_000) codec.events.unbind(slot);
    codec.events.bind(slot, idOf("n1", slot), -1);
    codec.events.setState(slot, stateOf(1 + (slot % 250)));
    if (slot % 3 === 0) codec.events.setState(slot, stateOf(300 + (slot % 700)));
    if (slot % 5 === 0) codec.events.setState(slot, undefined);
    if (cycle === 10_000) level = codec.heapBytes();
  }
  assert.equal(codec.heapBytes(), level);
});
