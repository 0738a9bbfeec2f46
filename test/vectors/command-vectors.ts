import { encode } from "@msgpack/msgpack";
import type { ErrorCode } from "../../core/base/mod.ts";
import { fromHex, utf8 } from "./hex.ts";
import { idOf } from "./ids.ts";

/** What a decoder says of one item: verb, then the error or targets, data and options. */
export type ItemTale = readonly [verb: string, ...rest: unknown[]];

export interface CommandVector {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Why the whole batch cannot be read. */
  readonly refused?: ErrorCode;
  /** Stream and first number of a numbered batch. */
  readonly numbered?: readonly [stream: string, first: number];
  /** What its sender could still send again, where it says it. */
  readonly oldestAvailable?: number;
  readonly items?: readonly ItemTale[];
}

/** Slot 5 of node `n1` is bound with the secret `sss…`, slot 6 is not. */
const id5 = idOf("n1", 5);
const malformed = ["?", "command-malformed"] as const;
const bytes = fromHex("00ff");

function nested(levels: number): Uint8Array {
  return new Uint8Array(levels).fill(0x91, 0, levels - 1).fill(0x90, levels - 1);
}

/** A batch of items, each with what the decoder says of it. */
function batch(
  name: string,
  ...rows: readonly (readonly [item: unknown, tale: ItemTale])[]
): CommandVector {
  return { name, bytes: encode(rows.map(([item]) => item)), items: rows.map(([, tale]) => tale) };
}

/** Items that are malformed, each told with its verb. */
function misshapen(name: string, ...items: readonly (readonly unknown[])[]): CommandVector {
  const rows = items.map((item) => [item, [String(item[0]), "command-malformed"]] as const);
  return batch(name, ...rows);
}

function sent(text: string | Uint8Array, ids: readonly number[] = [5]): ItemTale {
  return ["send", ids, text, false];
}

const sends: readonly CommandVector[] = [
  batch("an empty bare batch"),
  {
    name: "a send as docs/protocol/bytes.md prints it, by hand",
    bytes: fromHex(`91 93 a473656e64 bd${toHexOf(id5)} a26869`),
    items: [sent("hi")],
  },
  batch(
    "text, binary and options",
    [["send", id5, "é"], sent("é")],
    [["send", [id5], bytes], sent(bytes)],
    [
      ["send", [id5, id5], "", { ttl: 5 }],
      ["send", [5, 5], "", true],
    ],
  ),
  batch("targets of all kinds", [
    [
      "send",
      [idOf("n1", 6), id5, idOf("n1", 5, "t"), "", "other.x", "n1.short", 7, null, id5],
      "x",
    ],
    sent("x", [-1, 5, -1, -2, -3, -2, -2, -2, 5]),
  ]),
  batch(
    "ids that are none",
    [
      ["send", ["n1", "n1.", ".x", "N1.x", "n_1.x", "n1.a b", "n1.é", "a.b.c"], ""],
      sent("", [-2, -2, -2, -2, -2, -2, -2, -2]),
    ],
    [
      ["send", [`${"n".repeat(33)}.x`, `m.${"x".repeat(63)}`, `m.${"x".repeat(62)}`], ""],
      sent("", [-2, -2, -3]),
    ],
    [
      ["send", ["////", "____", "AEAA"].map((slot) => `n1.${slot}${"s".repeat(22)}`), ""],
      sent("", [-2, -1, -1]),
    ],
  ),
  batch(
    "every length form of str, bin and array",
    ...[31, 32, 256, 65_536]
      .flatMap((n) => ["a".repeat(n), new Uint8Array(n)])
      .map((data) => [["send", id5, data], sent(data)] as const),
    [["send", Array(16).fill(id5), ""], sent("", Array(16).fill(5))],
  ),
  {
    name: "longer forms than needed are read as well",
    bytes: fromHex(`dd00000001 dc0003 db0000000473656e64 d91d${toHexOf(id5)} c600000001aa`),
    items: [sent(fromHex("aa"))],
  },
  batch("no targets", [["send", [], "x"], sent("x", [])]),
  batch(
    "sends of a wrong shape leave the others alone",
    ...[[], [id5], [5, "x"], [{ a: 1 }, "x"], [id5, 7], [id5, null], [id5, ["x"]]].map(
      (rest) =>
        [
          ["send", ...rest],
          ["send", "command-malformed"],
        ] as const,
    ),
    [["send", id5, "good"], sent("good")],
  ),
  {
    name: "text that is not UTF-8 is not sent",
    bytes: fromHex(`91 93 a473656e64 bd${toHexOf(id5)} a1ff`),
    items: [["send", "command-malformed"]],
  },
  batch(
    "unknown elements at the end are ignored",
    [["send", id5, "x", { ref: 1 }, "new", 7], sent("x")],
    [
      ["send", id5, "x", 7, { ref: 1 }],
      ["send", [5], "x", true],
    ],
  ),
];

/** Commands of other verbs: targets, data of a publish, and whether there are options. */
const commands: readonly (readonly [item: readonly unknown[], ...tale: unknown[]])[] = [
  [["close", id5], [5], false],
  [["close", [id5], 1000], [5], false],
  [["close", id5, 1000, "bye"], [5], false],
  [["close", id5, { ref: 1 }], [5], true],
  [["close", id5, 4000, "", { ref: 1 }], [5], true],
  [["close", id5, null, null, { ref: 1 }], [5], true],
  [["join", id5, "g"], [5], false],
  [["leave", [id5], "g", {}], [5], true],
  [["publish", "g", "x", { except: id5 }], [], "x", true],
  [["publish", "g", bytes], [], bytes, false],
  [["publish", "", "x", { except: [id5] }], [], "x", true],
  [["state", id5, { a: 1 }], [5], false],
  [["state", [id5], null, {}], [5], true],
  [["query", "g"], [], false],
  [["query", [id5], { ref: 1 }], [5], true],
  [["query", id5, { ref: 1, count: true }], [], true],
  [["query", [id5, "m.x", 7], { ref: 1 }], [5, -3, -2], true],
  [["query", [], { ref: 1 }], [], true],
  [["ack", "s", 7], [], false],
  [["accept", id5], [5], false],
  [["accept", id5, null], [5], false],
  [["accept", id5, { user: "u" }], [5], true],
  [["accept", "m.x", { user: "u", groups: ["g"], state: { a: 1 }, ref: 1 }], [-3], true],
  [["reject", id5, 403], [5], false],
  [["reject", id5, 403, "no"], [5], false],
  [["reject", id5, 403, bytes], [5], false],
  [["reject", id5, 403, null, { ref: 1 }], [5], true],
  [["reject", "n1.short", 403, { ref: 1 }], [-2], true],
  [["renew", id5, 0], [5], false],
  [["renew", [id5, idOf("n1", 6)], 1_800_000_000_000, { ref: 1 }], [5, -1], true],
  [["renew", id5, 1.5], [5], false],
];

const others: readonly CommandVector[] = [
  batch(
    "the other verbs",
    ...commands.map(([item, ...tale]) => [item, [String(item[0]), ...tale]] as const),
  ),
  misshapen("close in a wrong shape", ["close"], ["close", id5, "1000"], ["close", id5, 1000, 7]),
  misshapen(
    "groups in a wrong shape",
    ["join", id5],
    ["join", id5, 7],
    ["join", id5, bytes],
    ["leave", 7, "g"],
    ["publish", "g"],
    ["publish", 7, "x"],
    ["publish", "g", 7],
    ["state", id5],
    ["query", 7],
    ["query", { a: 1 }],
  ),
  misshapen(
    "acks in a wrong shape",
    ["ack", "s"],
    ["ack", "s", -1],
    ["ack", "s", 1.5],
    ["ack", 7, 1],
  ),
  misshapen(
    "decisions in a wrong shape",
    ["accept", [id5]],
    ["accept"],
    ["accept", id5, "u"],
    ["accept", id5, [{}]],
    ["reject", id5],
    ["reject", id5, "403"],
    ["reject", [id5], 403],
    ["reject", id5, 403, 7],
    ["reject", id5, 403, ["no"]],
    ["reject", id5, 40.5],
    ["renew", id5],
    ["renew", id5, "0"],
    ["renew", id5, null],
    ["renew", 7, 0],
  ),
  {
    name: "a group that is not UTF-8 is no group",
    bytes: fromHex(
      `94 93 a77075626c697368 a1ff a178 93 a46a6f696e bd${toHexOf(id5)} a1c3
       93 a56c65617665 bd${toHexOf(id5)} a3eda080 92 a57175657279 a1ff`,
    ),
    items: ["publish", "join", "leave", "query"].map(
      (verb): ItemTale => [verb, "command-malformed"],
    ),
  },
  batch(
    "what is no command at all",
    ...[[], "send", null, { send: 1 }, [7, id5], [null]].map((item) => [item, malformed] as const),
    ...[["Send", id5, "x"], ["sendx"], [""]].map(
      (item) => [item, ["?", "command-unknown"]] as const,
    ),
  ),
  {
    name: "an extension and a key of three underscores harm nobody",
    bytes: fromHex(
      `91 94 a473656e64 bd${toHexOf(id5)} a0 82 a95f5f70726f746f5f5f 01 c0 d6ff00000000`,
    ),
    items: [["send", [5], "", true]],
  },
  {
    name: "a numbered batch",
    bytes: encode([1, "origin/7", 4_000, [["send", id5, "x"]], "new", {}]),
    numbered: ["origin/7", 4_000],
    items: [sent("x")],
  },
  {
    name: "a numbered batch with what its sender could still send again",
    bytes: encode([1, "s", 9, [["send", id5, "x"]], 3, "new"]),
    numbered: ["s", 9],
    oldestAvailable: 3,
    items: [sent("x")],
  },
  {
    name: "an oldest item of eight bytes",
    bytes: fromHex("95 01 a0 00 90 cf001fffffffffffff"),
    numbered: ["", 0],
    oldestAvailable: Number.MAX_SAFE_INTEGER,
  },
  ...["d1ffff", "ff", "cf0020000000000000", "cb3ff8000000000000", "a0", "c0", "90"].map(
    (hex): CommandVector => ({
      name: `an oldest item that is none: ${hex}`,
      bytes: fromHex(`95 01 a0 00 90 ${hex}`),
      numbered: ["", 0],
    }),
  ),
  {
    name: "a first number of eight bytes, version in two",
    bytes: fromHex("94 cc01 a0 cf001fffffffffffff 90"),
    numbered: ["", Number.MAX_SAFE_INTEGER],
  },
];

const refusals: readonly (readonly [name: string, bytes: Uint8Array, code?: ErrorCode])[] = [
  ["nothing", fromHex("")],
  ["no array", encode("send")],
  ["a map", encode({})],
  ["bytes left over", fromHex("9090")],
  ["a byte that MessagePack never uses", fromHex("91c1")],
  ["an item that is cut off", encode([["send", id5, "hello"]]).slice(0, -1)],
  ["an array that promises more than there is", fromHex("ddffffffff")],
  ["a map that promises more than there is", fromHex("91dfffffffff")],
  ["a str that promises more than there is", fromHex("91dbffffffff41")],
  ["33 arrays in one another", nested(33)],
  ["a version to come", encode([2, "s", 0, []]), "batch-version"],
  ["version 0", encode([0]), "batch-version"],
  ["a version below 0", encode([-1, "s", 0, []]), "batch-version"],
  ["a numbered batch without items", encode([1, "s", 0])],
  ["items that are no array", encode([1, "s", 0, "x"])],
  ["a stream that is no str", encode([1, 7, 0, []])],
  ["a stream of 129 bytes", encode([1, "s".repeat(129), 0, []])],
  ["a stream that is not UTF-8", fromHex("9401a1ff0090")],
  ["a first number below 0", encode([1, "s", -1, []])],
  ["a first number with a fraction", encode([1, "s", 0.5, []])],
  ["a first number past 2^53", fromHex("9401a0cf002000000000000090")],
  ["more than is ever read", new Uint8Array(17_825_793), "batch-too-big"],
];

const json: readonly CommandVector[] = [
  {
    name: "JSON",
    bytes: utf8(
      `[["send","${id5}","é",{"ref":"r"}],["send",["${id5}"],{"$binary":"AP8="}],["nope"]]`,
    ),
    items: [
      ["send", [5], "é", true],
      ["send", [5], bytes, false],
      ["?", "command-unknown"],
    ],
  },
  {
    name: "JSON, numbered",
    bytes: utf8('[1,"s",3,[["ack","t",9]]]'),
    numbered: ["s", 3],
    items: [["ack", [], false]],
  },
  {
    name: "JSON, numbered, with its oldest item",
    bytes: utf8('[1,"s",3,[["ack","t",9]],0]'),
    numbered: ["s", 3],
    oldestAvailable: 0,
    items: [["ack", [], false]],
  },
  { name: "an empty JSON batch", bytes: utf8("[]"), items: [] },
];

const jsonRefusals: readonly (readonly [name: string, bytes: Uint8Array, code?: ErrorCode])[] = [
  ["JSON cut off", utf8('[["send"')],
  ["JSON that is not UTF-8", fromHex("5b22ff225d")],
  ["JSON of a version to come", utf8('[2,"s",0,[]]'), "batch-version"],
  ["bad base64", utf8(`[["send","${id5}",{"$binary":"a"}]]`)],
  ["base64 with a blank", utf8(`[["send","${id5}",{"$binary":"AP 8="}]]`)],
  ["binary data that is no string", utf8(`[["send","${id5}",{"$binary":7}]]`)],
  ["JSON that nests too deeply", utf8("[".repeat(33) + "]".repeat(33))],
  ["JSON that nests as deeply as it can", utf8("[".repeat(100_000) + "]".repeat(100_000))],
];

function toHexOf(text: string): string {
  return Array.from(utf8(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const commandVectors: readonly CommandVector[] = [
  ...sends,
  ...others,
  { name: "32 arrays in one another", bytes: nested(32), items: [malformed] },
  ...json,
  ...[...refusals, ...jsonRefusals].map(([name, bytes, refused]) => ({
    name: `refused: ${name}`,
    bytes,
    refused: refused ?? ("batch-malformed" as const),
  })),
];
