import assert from "node:assert/strict";
import { test } from "node:test";
import {
  base64OfId,
  type Command,
  eachCommand,
  eachMessage,
  idOfBase64,
  readCommands,
  readServiceRequest,
} from "../../../../adapters/http-wire/mod.ts";
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

const id64 = base64OfId(id);

/** A body with one message whose members are those. */
function bodyOf(members: Readonly<Record<string, unknown>>): unknown {
  return { OutgoingWebSocketMessages: [{ ConnectionIds: [id64], ...members }] };
}

test("an id is the base64 of its bytes, with padding", () => {
  assert.equal(base64OfId("n1.abc"), "bjEuYWJj");
  assert.equal(base64OfId("n1.a"), "bjEuYQ==");
  assert.equal(idOfBase64("bjEuYQ=="), "n1.a");
  assert.equal(idOfBase64(id64), id);
});

test("what no gateway gives is no id", () => {
  const texts = ["", "bjEuYQ", "bjEuYQ=", "bjEuYQ==x", "*", btoa("n1"), btoa("n1."), btoa(".a")];
  const odd = [
    btoa("N1.a"),
    btoa("n1.a/b"),
    btoa("n1.a b"),
    btoa(`n1.${"a".repeat(200)}`),
    "/w==",
  ];
  for (const text of [...texts, ...odd]) assert.equal(idOfBase64(text), undefined, text);
  // The original service's id: a zero, the address of the node, 20 random bytes.
  assert.equal(idOfBase64(btoa(`\0${"10.0.1.20:1234/sr"}${"\x99".repeat(20)}`)), undefined);
});

test("a text and a binary message are read as the original reads them", () => {
  assert.deepEqual(readServiceRequest(bodyOf({ Message: { Text: "bar", Binary: null } })), [
    { ids: [id], data: "bar" },
  ]);
  assert.deepEqual(readServiceRequest(bodyOf({ Message: { Binary: "AP8=" } })), [
    { ids: [id], data: Uint8Array.of(0, 255) },
  ]);
  assert.deepEqual(readServiceRequest(bodyOf({ Message: { Text: "" } })), [
    { ids: [id], data: "" },
  ]);
  assert.deepEqual(readServiceRequest(bodyOf({ Message: { Binary: "" } })), [
    { ids: [id], data: new Uint8Array(0) },
  ]);
});

test("names are read whatever their case, and what is absent is null", () => {
  const body = { outgoingwebsocketmessages: [{ connectionIDS: [id64], MESSAGE: { text: "a" } }] };
  assert.deepEqual(readServiceRequest(body), [{ ids: [id], data: "a" }]);
  assert.deepEqual(readServiceRequest({}), []);
  assert.deepEqual(readServiceRequest({ OutgoingWebSocketMessages: null, Other: 1 }), []);
  assert.deepEqual(readServiceRequest(bodyOf({ ConnectionIds: null, message: { Text: "a" } })), [
    { ids: [], data: "a" },
  ]);
});

/** Bodies that make the original panic, or that it takes for something. */
const refusedBodies: readonly (readonly [body: unknown, code: string, place: RegExp])[] = [
  [null, "command-malformed", /^body: an object with OutgoingWebSocketMessages is expected$/],
  [[], "command-malformed", /^body: an object with/],
  ["x", "command-malformed", /^body: an object with/],
  [{ OutgoingWebSocketMessages: {} }, "command-malformed", /^body\.OutgoingWebSocketMessages: /],
  [{ OutgoingWebSocketMessages: [null] }, "command-malformed", /Messages\[0\]: .* it is null/],
  [bodyOf({}), "command-malformed", /Messages\[0\]\.Message: .*missing/],
  [bodyOf({ Message: null }), "command-malformed", /Messages\[0\]\.Message: .* it is null/],
  [bodyOf({ Message: {} }), "command-malformed", /\.Message: it must have Text or Binary/],
  [bodyOf({ Message: { Text: "a", Binary: "AA==" } }), "command-malformed", /and not both/],
  [bodyOf({ Message: { Text: 5 } }), "command-malformed", /\.Message\.Text: .* number/],
  [bodyOf({ Message: { Binary: "A" } }), "command-malformed", /\.Binary: .* base64/],
  [bodyOf({ ConnectionIds: [""], Message: { Text: "a" } }), "id-malformed", /ConnectionIds\[0\]/],
  [
    bodyOf({ ConnectionIds: [id64, null], Message: { Text: "a" } }),
    "command-malformed",
    /Ids\[1\]/,
  ],
  [bodyOf({ ConnectionIds: [btoa("x")], Message: { Text: "a" } }), "id-malformed", /Ids\[0\]/],
];

test("a body that is not valid is refused with the place, and repeats nothing of it", () => {
  for (const [body, code, message] of refusedBodies) {
    assert.throws(() => readServiceRequest(body), { code, message }, JSON.stringify(body));
  }
});

test("a message to many is read in slices", () => {
  const ConnectionIds = Array.from({ length: 2_500 }, () => btoa(id));
  const message = { ConnectionIds, Message: { Text: "hi" } };
  const body = { OutgoingWebSocketMessages: [message, message] };
  const steps = [...eachMessage(body)];
  const isPause = steps.map((step) => step === undefined);
  assert.deepEqual(isPause, [true, true, false, true, true, false]);
  assert.deepEqual(readServiceRequest(body), [steps[2], steps[5]]);
  assert.equal(steps[2]?.ids.length, 2_500);
  const faulty = { ...message, ConnectionIds: ConnectionIds.with(2_400, "?") };
  const at = /^body\.OutgoingWebSocketMessages\[0\]\.ConnectionIds\[2400\]: /;
  assert.throws(() => readServiceRequest({ OutgoingWebSocketMessages: [faulty] }), {
    code: "id-malformed",
    message: at,
  });
});
