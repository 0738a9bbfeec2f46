import assert from "node:assert/strict";
import { test } from "node:test";
import { type Command, eachCommand, readCommands } from "../../../../adapters/http-wire/mod.ts";
import { idOf } from "../../../vectors/ids.ts";

const id = idOf("n1", 5);
const other = idOf("n2", 6);

function one(item: unknown): Partial<Command> {
  const [command] = readCommands([item]);
  assert.ok(command);
  return command;
}

/** Items, their verb and ids aside, and what they mean. */
const good: readonly (readonly [item: readonly unknown[], meaning: object])[] = [
  [["send", id, "hi"], { data: "hi" }],
  [
    ["send", [id, other], { $binary: "AQID" }, { ref: 1, ttl: 5 }],
    { ids: [id, other], data: Uint8Array.of(1, 2, 3), options: { ref: 1, ttl: 5 } },
  ],
  [["close", id], { closeCode: 1000, closeReason: "" }],
  [
    ["close", id, 4000, "bye", { cause: "error" }],
    { closeCode: 4000, closeReason: "bye", options: { cause: "error" } },
  ],
  [["close", id, { ref: "r" }], { closeCode: 1000, closeReason: "", options: { ref: "r" } }],
  [["join", id, "room/blue"], { group: "room/blue" }],
  [["leave", id, "a", {}], { group: "a" }],
  [["state", id, { a: 1 }], { value: { a: 1 } }],
  [["state", id, null, {}], { value: null }],
  [["renew", id, 0], { expires: 0 }],
  [["send", [], "hi", 7, "later"], { ids: [], data: "hi" }],
];
/** Those that name a group, or connections in another place. */
const others: readonly (readonly [item: readonly unknown[], meaning: object])[] = [
  [
    ["publish", "@all", "hi", { except: id }],
    { group: "@all", data: "hi", options: { except: id } },
  ],
  [["query", "g", { ref: 1 }], { subject: "g", options: { ref: 1 } }],
  [["query", [id], {}], { subject: [id] }],
];

test("each command is read, and unknown elements and options are ignored", () => {
  const all = good.map(([item, meaning]) => [item, { ids: [id], ...meaning }] as const);
  for (const [item, meaning] of [...all, ...others]) {
    const expected = { verb: item[0], options: {}, ...meaning };
    assert.deepEqual(one(item), expected, JSON.stringify(item));
  }
});

test("binary data is bytes, whether it came in JSON or not, and options stay as they are", () => {
  const options = { ref: 1, x: [2] };
  const read = { verb: "send", ids: [id], data: Uint8Array.of(1), options };
  for (const data of [{ $binary: "AQ==" }, Uint8Array.of(1)]) {
    assert.deepEqual(one(["send", id, data, options]), read);
  }
});

/** Items that are refused, and where the fault is. */
const refused: readonly (readonly [item: unknown, code: string, message: RegExp])[] = [
  [null, "command-malformed", /^body\[0\]: a command is an array/],
  [{}, "command-malformed", /^body\[0\]: a command is an array/],
  [[], "command-unknown", /^body\[0\]\[0\]: the verbs are send, /],
  [["shout", id, "hi"], "command-unknown", /^body\[0\]\[0\]/],
  [["toString", id], "command-unknown", /^body\[0\]\[0\]/],
  [["accept", id, {}], "command-unknown", /^body\[0\]\[0\]/],
  [["send", id], "command-malformed", /^body\[0\]\[2\]: .*missing/],
  [["send", id, null], "command-malformed", /^body\[0\]\[2\]: .*null/],
  [["send", id, { $binary: "A" }], "command-malformed", /^body\[0\]\[2\]/],
  [["send", null, "hi"], "command-malformed", /^body\[0\]\[1\]: .*null/],
  [["send", "n1", "hi"], "id-malformed", /^body\[0\]\[1\]: it is no connection's id/],
  [["send", [id, "N.x"], "hi"], "id-malformed", /^body\[0\]\[1\]\[1\]/],
  [["send", id, "hi", { ttl: -1 }], "command-malformed", /^body\[0\]\[3\]\.ttl/],
  [["close", id, 1006], "command-malformed", /^body\[0\]\[2\]: no such close code/],
  [["close", id, 1000, "é".repeat(62)], "command-malformed", /^body\[0\]\[3\]: it has 123 bytes/],
  [["close", id, { cause: "slow" }], "command-malformed", /^body\[0\]\[2\]\.cause/],
  [["join", id, "@all"], "group-name", /^body\[0\]\[2\]: the gateway says who/],
  [["leave", id, "@user/ann"], "group-name", /^body\[0\]\[2\]: the gateway says who/],
  [["join", id, ""], "group-name", /^body\[0\]\[2\]: a group's name has/],
  [["join", id, 5], "command-malformed", /^body\[0\]\[2\]/],
  [["publish", "", "hi"], "group-name", /^body\[0\]\[1\]: a group's name has/],
  [["publish", 5, "hi"], "command-malformed", /^body\[0\]\[1\]/],
  [["publish", "g", "hi", { except: ["x"] }], "id-malformed", /^body\[0\]\[3\]\.except\[0\]/],
  [["renew", id, "soon"], "command-malformed", /^body\[0\]\[2\]/],
];

test("a malformed command refuses the batch, and the error names the place", () => {
  for (const [item, code, message] of refused) {
    assert.throws(() => readCommands([item]), { code, message }, JSON.stringify(item));
  }
  assert.throws(() => readCommands([["send", id, "hi"], ["send"]]), { message: /^body\[1\]/ });
  for (const body of [null, {}, "x"]) {
    assert.throws(() => readCommands(body), { message: /^body: an array of commands/ });
  }
});

/** So many arrays in one another. */
function nested(levels: number): unknown {
  return levels === 0 ? 1 : [nested(levels - 1)];
}

test("what nests deeper than the gateway takes refuses the batch, and the error names it", () => {
  // The batch and the command are two of 32 levels.
  const places = (levels: number): [item: unknown, place: RegExp][] => [
    [["state", id, nested(levels)], /^body\[1\]\[2\]: it is nested too deeply/],
    [["send", id, "hi", { ref: nested(levels - 1) }], /^body\[1\]\[3\]/],
    [["send", id, "hi", { later: { x: nested(levels - 2) } }], /^body\[1\]\[3\]/],
  ];
  const first = ["send", id, "first"];
  for (const [item] of places(30)) assert.equal(readCommands([first, item]).length, 2);
  for (const [item, message] of places(31)) {
    assert.throws(() => readCommands([first, item]), { code: "batch-malformed", message });
  }
  const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
  assert.throws(() => readCommands([["state", id, deep]]), { code: "batch-malformed" });
  assert.throws(() => readCommands(deep), { code: "batch-malformed" });
});

test("a command of many ids is read in slices, and a fault in them names its place", () => {
  const ids = Array.from({ length: 2_500 }, () => id);
  const steps = [
    ...eachCommand([
      ["send", ids, "hi"],
      ["query", ids],
    ]),
  ];
  const isPause = steps.map((step) => step === undefined);
  assert.deepEqual(isPause, [true, true, true, false, true, true, true, false]);
  assert.deepEqual(steps.at(3), { verb: "send", ids, data: "hi", options: {} });
  for (const [wrong, code] of [
    ["n1", "id-malformed"],
    [5, "command-malformed"],
  ]) {
    const faulty = ids.with(2_400, wrong as string);
    const read = (): unknown => readCommands([["join", faulty, "g"]]);
    assert.throws(read, { code, message: /^body\[0\]\[1\]\[2400\]: / });
  }
  assert.throws(() => readCommands([["publish", ids, "x"]]), { message: /^body\[0\]\[1\]/ });
});
