import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { type Codec, type CodecOptions, MessageKind, Verb } from "../../../../core/ports/mod.ts";
import { codecMakers } from "../../../vectors/codecs.ts";
import { commandVectors } from "../../../vectors/command-vectors.ts";
import { fromHex, toHex, utf8 } from "../../../vectors/hex.ts";
import { idOf } from "../../../vectors/ids.ts";

const options: CodecOptions = {
  node: "n1",
  messageBytesMax: 1_048_576,
  batchBytesTarget: 65_536,
  partialBytesMax: 1_000_000,
};
const verbNames = new Map(Object.entries(Verb).map(([name, number]) => [number, name]));

/** The current item as the vectors tell it. */
function taleOf(codec: Codec): unknown[] {
  const verb = codec.commands.verb();
  const name = verb === Verb.unknown ? "?" : verbNames.get(verb);
  const error = codec.commands.itemError();
  if (error !== undefined) {
    assert.equal(codec.commands.targets(), 0);
    return [name, error];
  }
  const slots = Array.from({ length: codec.commands.targets() }, (_, i) =>
    codec.commands.target(i),
  );
  const tale: unknown[] = [name, slots];
  if (verb === Verb.send || verb === Verb.publish) {
    const text = codec.commands.dataKind() === MessageKind.text;
    tale.push(text ? codec.commands.dataText() : codec.commands.data().slice());
    assert.equal(codec.commands.dataLength(), codec.commands.data().length);
  }
  tale.push(codec.commands.hasOptions());
  return tale;
}

for (const [name, make] of codecMakers) {
  describe(`codec ${name}: commands`, () => {
    const codec = make(options);
    codec.events.bind(5, idOf("n1", 5), -1);

    for (const vector of commandVectors) {
      test(vector.name, () => {
        assert.equal(codec.commands.decode(vector.bytes), vector.refused);
        const items = vector.items ?? [];
        assert.equal(codec.commands.stream(), vector.numbered?.[0]);
        assert.equal(codec.commands.first(), vector.numbered?.[1] ?? 0);
        assert.equal(codec.commands.oldestAvailable(), vector.oldestAvailable ?? -1);
        assert.equal(codec.commands.items(), items.length);
        const tales: unknown[] = [];
        while (codec.commands.nextItem()) {
          tales.push(taleOf(codec));
          // Reading plain values never fails, whatever the item is.
          codec.commands.value();
        }
        assert.deepEqual(tales, items);
        assert.equal(codec.commands.nextItem(), false);
        assert.deepEqual(codec.commands.value(), []);
      });
    }

    test("an item's bytes and values, to forward it and to read its options", () => {
      const item = ["close", [idOf("n1", 5), "m.x"], 4000, "why", { ref: "r", ttl: 7 }];
      assert.equal(codec.commands.decode(encode([["nope"], item])), undefined);
      assert.deepEqual([codec.commands.nextItem(), codec.commands.nextItem()], [true, true]);
      assert.deepEqual(codec.commands.value(), item);
      assert.deepEqual(decode(codec.commands.itemBytes()), item);
      assert.deepEqual(
        [codec.commands.targetId(1), codec.commands.targetId(0)],
        ["m.x", idOf("n1", 5)],
      );
      assert.deepEqual(
        [codec.commands.target(1), codec.commands.target(0), codec.commands.target(1)],
        [-3, 5, -3],
      );
      assert.deepEqual([codec.commands.target(2), codec.commands.targetId(2)], [-2, ""]);
    });

    test("names and ids for the log are cut", () => {
      codec.commands.decode(encode([["é".repeat(40)], ["send", ["€".repeat(70), 7], ""]]));
      codec.commands.nextItem();
      assert.equal(codec.commands.verbName(), "é".repeat(32));
      codec.commands.nextItem();
      assert.equal(codec.commands.targetId(0), "€".repeat(64));
      assert.equal(codec.commands.targetId(1), "");
    });

    test("an id reaches its connection only while that stands", () => {
      const resolve = (id: string): number => {
        codec.commands.decode(encode([["send", id, ""]]));
        codec.commands.nextItem();
        return codec.commands.target(0);
      };
      for (const slot of [0, 1, 1_023, 1_024, 70_000, 1_048_575]) {
        const id = idOf("n1", slot, "z");
        assert.equal(resolve(id), -1);
        codec.events.bind(slot, id, -1);
        assert.equal(resolve(id), slot);
        for (const at of [7, 15, 18, 19, id.length - 1]) {
          assert.equal(resolve(`${id.slice(0, at)}_${id.slice(at + 1)}`), -1, `character ${at}`);
        }
        codec.events.unbind(slot);
        assert.equal(resolve(id), -1);
        codec.events.bind(slot, idOf("n1", slot, "y"), -1);
        assert.equal(resolve(id), -1, "an earlier connection's id");
        codec.events.unbind(slot);
      }
    });

    test("a batch that was refused leaves nothing of the one before", () => {
      codec.commands.decode(encode([1, "s", 5, [["ack", "t", 1]], 3]));
      assert.equal(codec.commands.oldestAvailable(), 3);
      codec.commands.nextItem();
      for (const bad of [fromHex("c1"), utf8("[x"), encode([1, "s", 5, 6])]) {
        assert.equal(codec.commands.decode(bad), "batch-malformed");
        assert.deepEqual(
          [codec.commands.stream(), codec.commands.first(), codec.commands.items()],
          [undefined, 0, 0],
        );
        assert.equal(codec.commands.oldestAvailable(), -1);
        assert.equal(codec.commands.nextItem(), false);
        assert.equal(codec.commands.verb(), Verb.unknown);
      }
    });

    test("plain values, there and back", () => {
      const value = [1, -1, 1.5, "é", true, null, fromHex("00ff"), { a: [{}], b: undefined }];
      const bytes = codec.values.encodeValue(value);
      assert.equal(toHex(bytes), "9801ffcb3ff8000000000000a2c3a9c3c0c40200ff81a16191" + "80");
      assert.deepEqual(codec.values.decodeValue(bytes), [...value.slice(0, 7), { a: [{}] }]);
      assert.throws(() => codec.values.decodeValue(fromHex("ddffffffff")), {
        code: "batch-malformed",
      });
      assert.throws(() => codec.values.decodeValue(fromHex("9090")), { code: "batch-malformed" });
    });

    test("the JSON form of a batch", () => {
      const bytes = codec.values.encodeValue([1, "s", 0, [["message", "id", 1, fromHex("00ff")]]]);
      const json = new TextDecoder().decode(codec.values.toJson(bytes));
      assert.equal(json, '[1,"s",0,[["message","id",1,{"$binary":"AP8="}]]]');
      const long = new Uint8Array(100_000).fill(1);
      const [text] = JSON.parse(
        new TextDecoder().decode(codec.values.toJson(codec.values.encodeValue([long]))),
      );
      assert.equal(atob(text.$binary).length, 100_000);
      assert.deepEqual(codec.values.toJson(fromHex("d6ff00000000")), utf8("null"));
    });
  });
}
