import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { limits } from "../../../../core/base/mod.ts";
import { MessageKind, ParserStep } from "../../../../core/ports/mod.ts";
import { bound, codecMakers, itemsOf, usualOptions } from "../../../vectors/codecs.ts";
import { clientFrame } from "../../../vectors/frames.ts";
import { concat, fromHex, toHex, utf8 } from "../../../vectors/hex.ts";
import { idOf } from "../../../vectors/ids.ts";

/** `94 a7 message bd n1.AAAF sss…`: what the message items of slot 5 start with. */
const itemHead = `94a76d657373616765bd6e312e41414146${"73".repeat(22)}`;

for (const [name, make] of codecMakers) {
  describe(`codec ${name}: events`, () => {
    test("batches, byte for byte", () => {
      const { codec, buffer } = bound(make);
      assert.equal(toHex(codec.events.takeBatch(buffer)), "9401a1730090", "an empty one");
      assert.equal(codec.events.text(5, "hi"), true);
      assert.equal(codec.events.bytes(5, MessageKind.binary, fromHex("00ff")), true);
      assert.equal(codec.frames.feed(5, clientFrame(0x81, utf8("é"))), ParserStep.done);
      codec.events.append(buffer, codec.values.encodeValue(["alive", []]));
      assert.equal(codec.events.bufferItems(buffer), 4);
      assert.equal(codec.events.bufferNext(buffer), 4);
      const items = [
        `${itemHead}01a26869`,
        `${itemHead}02c40200ff`,
        `${itemHead}03a2c3a9`,
        "92a5616c69766590",
      ];
      assert.equal(codec.events.bufferBytes(buffer), items.join("").length / 2);
      assert.equal(toHex(codec.events.takeBatch(buffer)), `9401a1730094${items.join("")}`);
      assert.equal(codec.events.bufferItems(buffer) + codec.events.bufferBytes(buffer), 0);
      assert.equal(codec.events.text(5, ""), true);
      assert.equal(toHex(codec.events.takeBatch(buffer)), `9401a1730491${itemHead}04a0`);
    });

    test("a batch owns its whole buffer", () => {
      const { codec, buffer } = bound(make);
      codec.events.text(5, "x");
      const batch = codec.events.takeBatch(buffer);
      assert.equal(batch.byteOffset, 0);
      assert.equal(batch.buffer.byteLength, batch.byteLength);
      codec.events.text(5, "y");
      const before = toHex(batch);
      codec.events.takeBatch(buffer);
      assert.equal(toHex(batch), before, "a taken batch never changes");
    });

    test("every form of seq, first and item count", () => {
      const { codec, buffer } = bound(make);
      const seqs: number[] = [];
      for (let i = 1; i <= 70_000; i++) {
        if (i % 20_000 === 0) codec.events.takeBatch(buffer);
        codec.events.append(buffer, fromHex("90"));
        seqs.push(codec.events.takeSeq(5));
      }
      assert.deepEqual([seqs[0], seqs[69_999]], [1, 70_000]);
      const [, , first, items] = decode(codec.events.takeBatch(buffer)) as [
        number,
        string,
        number,
        unknown[],
      ];
      assert.deepEqual([first, items.length], [59_999, 10_001]);
      for (let i = 0; i < 70_000; i++) codec.events.append(buffer, fromHex("90"));
      const long = codec.events.takeBatch(buffer);
      assert.equal(toHex(long.slice(0, 13)), "9401a173ce00011170dd000111");
      codec.events.text(5, "");
      assert.equal(toHex(codec.events.takeBatch(buffer)).slice(0, 20), "9401a173ce000222e091");
      codec.events.text(5, "");
      assert.deepEqual(itemsOf(codec.events.takeBatch(buffer))[0]![2], 70_002);
    });

    test("long texts, of ASCII or not, full buffers and grown memory", () => {
      const { codec, buffer } = bound(make);
      const texts = [1_023, 1_024, 1_025, 60_000, 70_000, 2_000_000].flatMap((length) => {
        const ascii = "x".repeat(length);
        // Other characters at the end, at the start, in place of the last one, and a half one.
        return [ascii, `${ascii}é`, `é${ascii}`, `${ascii.slice(1)}👋`, `${ascii}\ud800`];
      });
      const expected: string[] = [];
      const written: unknown[] = [];
      const take = (): void => {
        written.push(...itemsOf(codec.events.takeBatch(buffer)).map((item) => item[3]));
      };
      for (const text of texts.flatMap((one) => ["-", one])) {
        const next = codec.events.bufferNext(buffer);
        if (!codec.events.text(5, text)) {
          assert.equal(codec.events.bufferNext(buffer), next, "nothing is added");
          take();
          assert.equal(codec.events.text(5, text), true);
        }
        assert.equal(codec.events.bufferNext(buffer), next + 1);
        assert.equal(codec.events.textBytes(), utf8(text).length);
        expected.push(new TextDecoder().decode(utf8(text)));
      }
      take();
      assert.equal(written.length, expected.length);
      for (const [index, text] of expected.entries()) {
        assert.ok(written[index] === text, `text ${index} of ${text.length} characters`);
      }
    });

    test("a large batch has room before it, for the header of a packet", () => {
      const { codec, buffer } = bound(make);
      const { packetRoomBytes, roomyBatchBytesMin } = limits;
      codec.events.bytes(5, MessageKind.binary, new Uint8Array(0));
      const head = codec.events.takeBatch(buffer).length + 1;
      for (const bytes of [roomyBatchBytesMin, roomyBatchBytesMin + 1, 300_000]) {
        const data = new Uint8Array(bytes - head).fill(7);
        codec.events.bytes(5, MessageKind.binary, data);
        const batch = codec.events.takeBatch(buffer);
        const room = bytes > roomyBatchBytesMin ? packetRoomBytes : 0;
        assert.equal(batch.byteOffset, room, `${bytes}`);
        assert.equal(batch.buffer.byteLength, room + batch.length);
        assert.deepEqual(itemsOf(batch)[0]![3], data);
      }
    });

    test("a buffer that holds items takes none past the target; an empty one takes any", () => {
      const { codec, buffer } = bound(make);
      assert.equal(codec.events.bytes(5, MessageKind.binary, new Uint8Array(1_000_000)), true);
      assert.equal(codec.events.text(5, ""), false);
      codec.events.append(buffer, fromHex("90"));
      assert.equal(codec.events.bufferItems(buffer), 2, "append is never refused");
      codec.events.takeBatch(buffer);
      const fits = usualOptions.batchBytesTarget - itemHead.length / 2 - 1 - 3;
      assert.equal(codec.events.bytes(5, MessageKind.binary, new Uint8Array(fits - 41)), true);
      assert.equal(codec.events.text(5, "1"), false, "one byte too many");
      assert.equal(codec.events.text(5, ""), true);
      assert.equal(codec.events.bufferBytes(buffer), usualOptions.batchBytesTarget);
      const taken = itemsOf(codec.events.takeBatch(buffer));
      const found = taken.map((item) => item[2]);
      assert.deepEqual(found, [2, 3], "what was refused took no number");
    });

    test("batch buffers are numbered for themselves, and their indices are used again", () => {
      const codec = make(usualOptions);
      const buffers = Array.from({ length: 40 }, (_, i) => codec.events.openBuffer(`stream-${i}`));
      assert.equal(new Set(buffers).size, 40);
      for (const [i, buffer] of buffers.entries()) {
        codec.events.bind(i, idOf("n1", i), buffer);
        assert.equal(codec.events.text(i, `m${i}`), true);
      }
      for (const [i, buffer] of buffers.entries()) {
        const id = idOf("n1", i);
        const expected = [1, `stream-${i}`, 0, [["message", id, 1, `m${i}`]]];
        assert.deepEqual(decode(codec.events.takeBatch(buffer)), expected);
      }
      codec.events.unbind(7);
      codec.events.closeBuffer(buffers[7]!);
      assert.throws(() => codec.events.bufferItems(buffers[7]!), /the buffer is open/);
      assert.equal(codec.events.openBuffer("again"), buffers[7]);
      assert.equal(codec.events.bufferNext(buffers[7]!), 0);
    });

    test("a stream's name takes up to 128 bytes", () => {
      const codec = make(usualOptions);
      for (const length of [31, 32, 128]) {
        const stream = "s".repeat(length);
        assert.deepEqual(decode(codec.events.takeBatch(codec.events.openBuffer(stream))), [
          1,
          stream,
          0,
          [],
        ]);
      }
      assert.throws(() => codec.events.openBuffer("s".repeat(129)), /name is short/);
    });

    test("node names of every length", () => {
      for (let length = 1; length <= 32; length++) {
        const node = "n".repeat(length);
        const codec = make({ ...usualOptions, node });
        const buffer = codec.events.openBuffer("s");
        codec.events.bind(9, idOf(node, 9), buffer);
        codec.events.text(9, "x");
        const batch = [1, "s", 0, [["message", idOf(node, 9), 1, "x"]]];
        assert.deepEqual(decode(codec.events.takeBatch(buffer)), batch);
      }
    });

    test("a programmer's errors are asserted", () => {
      const { codec, buffer } = bound(make);
      const id = idOf("n1", 6);
      assert.throws(() => codec.events.bind(5, idOf("n1", 5), buffer), /free/);
      assert.throws(() => codec.events.bind(6, idOf("other", 6), buffer), /of this node/);
      assert.throws(() => codec.events.bind(6, `${id}x`, buffer), /known form/);
      assert.throws(() => codec.events.bind(6, id, 99), /buffer is open/);
      assert.throws(() => codec.events.bind(1_048_576, id, buffer), /range/);
      assert.throws(() => codec.events.unbind(6), /bound/);
      assert.throws(() => codec.frames.attach(6, false), /bound/);
      assert.throws(() => codec.events.takeSeq(6), /bound/);
      assert.throws(() => codec.events.text(6, ""), /bound|has a buffer/);
      codec.events.bind(6, id, -1);
      assert.throws(() => codec.frames.feed(6, fromHex("8180")), /attached/);
      assert.throws(() => codec.events.text(6, ""), /has a buffer/);
      assert.throws(() => codec.events.bytes(6, MessageKind.text, utf8("")), /has a buffer/);
    });

    test("deflated messages come back through `bytes`, while their chunk is in work", () => {
      const { codec, buffer } = bound(make);
      codec.frames.attach(5, true);
      const plain = clientFrame(0x81, utf8("plain"));
      const deflated = clientFrame(0xc1, fromHex("f248cdc9c90700"));
      let step = codec.frames.feed(5, concat(plain, deflated, plain));
      assert.equal(step, ParserStep.deflatedText);
      assert.equal(codec.events.bytes(5, MessageKind.text, utf8("H".repeat(60_000))), true);
      step = codec.frames.next();
      assert.equal(step, ParserStep.done);
      const data = itemsOf(codec.events.takeBatch(buffer)).map((item) => [item[2], item[3]]);
      assert.deepEqual(data, [
        [1, "plain"],
        [2, "H".repeat(60_000)],
        [3, "plain"],
      ]);
    });

    test("a broker's limit makes batches and messages smaller, and goes again", () => {
      const made = { messageBytesMax: 900, batchBytesTarget: 1_000 };
      const { codec, buffer } = bound(make, made);
      const frame = (bytes: number): Uint8Array => clientFrame(0x82, new Uint8Array(bytes));
      codec.events.limitBatches(200, 150);
      assert.equal(codec.events.messageBytesMax, 150);
      assert.ok(codec.events.bytes(5, MessageKind.binary, new Uint8Array(100)));
      assert.equal(codec.events.bytes(5, MessageKind.binary, new Uint8Array(100)), false);
      assert.equal(codec.frames.feed(5, frame(100)), ParserStep.bufferFull);
      assert.equal(itemsOf(codec.events.takeBatch(buffer)).length, 1);
      assert.equal(codec.frames.next(), ParserStep.done);
      codec.events.limitBatches(1e9, 1e9);
      assert.equal(codec.events.messageBytesMax, 900, "never above what it was made with");
      assert.ok(codec.events.bytes(5, MessageKind.binary, new Uint8Array(300)));
      assert.equal(codec.events.bytes(5, MessageKind.binary, new Uint8Array(600)), false);
      codec.events.takeBatch(buffer);
      assert.equal(codec.frames.feed(5, frame(900)), ParserStep.done);
      codec.events.limitBatches(200, 150);
      assert.equal(codec.frames.feed(5, frame(151)), ParserStep.fault);
      assert.equal(codec.frames.fault(), "message-too-big");
    });

    test("a moved slot goes on with its seq in the other batch buffer", () => {
      const { codec, buffer } = bound(make);
      const other = codec.events.openBuffer("t");
      codec.events.text(5, "a");
      codec.events.move(5, other);
      codec.events.text(5, "b");
      for (const [stream, of, seq, data] of [
        ["s", buffer, 1, "a"],
        ["t", other, 2, "b"],
      ] as const) {
        const batch = [1, stream, 0, [["message", idOf("n1", 5), seq, data]]];
        assert.deepEqual(decode(codec.events.takeBatch(of)), batch);
      }
    });

    test("what a moved slot is introduced with is read and stays", () => {
      const { codec } = bound(make);
      const now = (): unknown[] => [codec.events.nextSeq(5), codec.events.state(5)];
      assert.deepEqual(now(), [1, undefined]);
      const state = codec.values.encodeValue({ seat: 1 });
      codec.events.setState(5, state);
      codec.events.text(5, "a");
      assert.deepEqual(now(), [2, new Uint8Array(state)]);
      // A copy: what is done to it changes nothing.
      codec.events.state(5)!.fill(0);
      assert.equal(codec.events.takeSeq(5), 2);
      assert.deepEqual(now(), [3, new Uint8Array(state)]);
      codec.events.setState(5, undefined);
      assert.equal(codec.events.state(5), undefined);
      codec.events.unbind(5);
      assert.throws(() => codec.events.nextSeq(5), /bound/);
      assert.throws(() => codec.events.state(5), /bound/);
    });
  });
}
