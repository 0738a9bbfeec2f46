import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encode } from "@msgpack/msgpack";
import type { Codec, CodecOptions } from "../../../../core/ports/mod.ts";
import { createWasmCodec } from "../../../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";
import { concat, fromHex, utf8 } from "../../../vectors/hex.ts";
import { idOf } from "../../../vectors/ids.ts";

const options: CodecOptions = {
  node: "n1",
  messageBytesMax: 1_048_576,
  batchBytesTarget: 65_536,
  partialBytesMax: 1_000_000,
};
const id5 = idOf("n1", 5);

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
  [
    ["state", id5, { a: 1 }, { ref: { deep: [fromHex("01")] } }],
    "",
    {
      ref: { deep: [fromHex("01")] },
    },
  ],
  [["renew", id5, 9, { ref: null }], "", { ref: null }],
  [["accept", id5, { user: "u", ref: 1 }], "", { user: "u", ref: 1 }],
  [["reject", id5, 403, "no", { ref: 1 }], "", { ref: 1 }],
  [["close", id5, { ref: 1 }], "", { ref: 1 }],
  [["join", id5, 7, { ref: 1 }], "", {}],
  [["nope", "g", {}], "", {}],
];

for (const [name, make] of [
  ["wasm", createWasmCodec],
  ["reference", createReferenceCodec],
] as const) {
  describe(`codec ${name}: groups, options and ids`, () => {
    const codec = make(options);
    codec.events.bind(5, id5, -1);

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
      const other: Codec = make(options);
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
