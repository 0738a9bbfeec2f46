import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { type Codec, MessageKind, Verb } from "../../../../core/ports/mod.ts";
import { codecMakers, usualOptions } from "../../../vectors/codecs.ts";
import { commandVectors } from "../../../vectors/command-vectors.ts";
import { concat, fromHex, toHex, utf8 } from "../../../vectors/hex.ts";
import { idOf } from "../../../vectors/ids.ts";

const verbNames = new Map(Object.entries(Verb).map(([name, number]) => [number, name]));

const id5 = idOf("n1", 5);

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

/** An item, and the group and the options that it names. */
const items: readonly (readonly [
  item: unknown[],
  group: string,
  options: Readonly<Record<string, unknown>>,
])[] = [
  [["send", id5, "x"], "", {}],
  [["send", id5, "x", { ref: "r", ttl: 5 }], "", { ref: "r", ttl: 5 }],
  [["send", id5, "x", 7], "", {}],
  [["send", id5, { x: 1 }], "", {}],
  [["publish", "é/#😀", "x"], "é/#😀", {}],
  [["publish", "g", fromHex("00"), { except: [id5], at: 1e12 }], "g", { except: [id5], at: 1e12 }],
  [["publish", "", "x"], "", {}],
  [["join", [id5], "g", { ref: 7 }], "g", { ref: 7 }],
  [["leave", id5, "\ufeff g"], "\ufeff g", {}],
  [["query", "g", { ref: 1, count: true }], "g", { ref: 1, count: true }],
  [["query", id5], id5, {}],
  [["query", [id5], { ref: 1 }], "", { ref: 1 }],
  [["query", { ref: 1 }], "", {}],
  [["state", id5, { a: 1 }], "", {}],
  [["state", id5, 1, { ref: { deep: [fromHex("01")] } }], "", { ref: { deep: [fromHex("01")] } }],
  [["renew", id5, 9, { ref: null }], "", { ref: null }],
  [["accept", id5, { user: "u", ref: 1 }], "", { user: "u", ref: 1 }],
  [["reject", id5, 403, "no", { ref: 1 }], "", { ref: 1 }],
  [["close", id5, { ref: 1 }], "", { ref: 1 }],
  [["join", id5, 7, { ref: 1 }], "", {}],
  [["nope", "g", {}], "", {}],
];

for (const [name, make] of codecMakers) {
  describe(`codec ${name}: commands`, () => {
    const codec = make(usualOptions);
    codec.events.bind(5, id5, -1);

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

    test("each item tells its group and its options", () => {
      assert.equal(codec.commands.decode(encode(items.map(([item]) => item))), undefined);
      for (const [item, group, expected] of items) {
        assert.equal(codec.commands.nextItem(), true);
        assert.deepEqual(
          [codec.commands.group(), codec.commands.options()],
          [group, expected],
          String(item[0]),
        );
      }
      codec.commands.nextItem();
      assert.deepEqual(
        [codec.commands.group(), codec.commands.options()],
        ["", {}],
        "past the end",
      );
    });

    test("the same as JSON", () => {
      const batch = `[["publish","gé","x",{"except":"${id5}","__proto__":{"ref":1}}]]`;
      assert.equal(codec.commands.decode(utf8(batch)), undefined);
      codec.commands.nextItem();
      assert.equal(codec.commands.group(), "gé");
      assert.deepEqual(codec.commands.options(), { except: id5, proto: { ref: 1 } });
    });

    test("no key of the options changes a prototype, and none makes them unreadable", () => {
      const polluted = { polluted: 1 };
      const keys = ["__proto__", ["__proto__"], [["__proto__"]], { toString: 1 }, null, 1.5, true];
      for (const key of keys) {
        const map = concat(fromHex("81"), encode(key), encode(polluted));
        const head = concat(fromHex("9194"), encode("send"), encode(id5), encode("x"));
        assert.equal(codec.commands.decode(concat(head, map)), undefined);
        codec.commands.nextItem();
        for (const read of [codec.commands.options(), codec.commands.value()[3] as object]) {
          assert.equal(Object.getPrototypeOf(read), Object.prototype, JSON.stringify(key));
          assert.equal((read as typeof polluted).polluted, undefined);
          assert.deepEqual(Object.values(read), [polluted]);
        }
      }
      assert.equal(({} as typeof polluted).polluted, undefined);
    });

    test("options that nobody named belong to nobody", () => {
      codec.commands.decode(encode([["send", id5, "x"]]));
      codec.commands.nextItem();
      const none = codec.commands.options() as Record<string, unknown>;
      assert.throws(() => {
        none.ref = 1;
      }, TypeError);
    });

    test("a group longer than any may be stays so", () => {
      codec.commands.decode(encode([["publish", "g".repeat(2_000_000), "x"]]));
      codec.commands.nextItem();
      assert.equal(codec.commands.group(), "g".repeat(1_024));
    });

    test("any string resolves to a slot or says why not", () => {
      const resolved = (id: string): number => codec.commands.resolve(id);
      assert.equal(resolved(id5), 5);
      assert.equal(resolved(idOf("n1", 5, "t")), -1, "an earlier connection's");
      assert.equal(resolved(idOf("n1", 6)), -1);
      assert.equal(resolved(idOf("m", 5)), -3);
      assert.equal(resolved("m.x"), -3);
      const malformed = ["", ".", "g", "n1.", "n1.short", `${id5}x`, "m.é", "m.\ud800", "M.x"];
      for (const id of malformed) assert.equal(resolved(id), -2, id);
      assert.equal(resolved(`m.${"x".repeat(62)}`), -3);
      assert.equal(resolved(`m.${"x".repeat(63)}`), -2);
      assert.equal(resolved("é".repeat(40)), -2, "80 bytes");
      assert.equal(resolved("m.x".repeat(1_000_000)), -2);
    });

    test("resolving leaves the batch and the batch buffer as they are", () => {
      const other: Codec = make(usualOptions);
      const buffer = other.events.openBuffer("s");
      other.events.bind(5, id5, buffer);
      other.events.text(5, "hello");
      other.commands.decode(encode([["send", [id5, "m.x"], "data", { ref: 1 }]]));
      other.commands.nextItem();
      assert.equal(other.commands.resolve("m.y"), -3);
      assert.deepEqual(
        [other.commands.target(0), other.commands.target(1), other.commands.dataText()],
        [5, -3, "data"],
      );
      assert.deepEqual(other.commands.options(), { ref: 1 });
      assert.equal(other.events.bufferItems(buffer), 1);
    });
  });
}
