import assert from "node:assert/strict";
import { test } from "node:test";
import {
  base64OfId,
  eachMessage,
  idOfBase64,
  readServiceRequest,
} from "../../../../adapters/http-wire/mod.ts";
import { idOf } from "../../../vectors/ids.ts";

const id = idOf("n1", 5);
const id64 = base64OfId(id);

/** A body with one message whose members are those. */
function one(members: Readonly<Record<string, unknown>>): unknown {
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
  assert.deepEqual(readServiceRequest(one({ Message: { Text: "bar", Binary: null } })), [
    { ids: [id], data: "bar" },
  ]);
  assert.deepEqual(readServiceRequest(one({ Message: { Binary: "AP8=" } })), [
    { ids: [id], data: Uint8Array.of(0, 255) },
  ]);
  assert.deepEqual(readServiceRequest(one({ Message: { Text: "" } })), [{ ids: [id], data: "" }]);
  assert.deepEqual(readServiceRequest(one({ Message: { Binary: "" } })), [
    { ids: [id], data: new Uint8Array(0) },
  ]);
});

test("names are read whatever their case, and what is absent is null", () => {
  const body = { outgoingwebsocketmessages: [{ connectionIDS: [id64], MESSAGE: { text: "a" } }] };
  assert.deepEqual(readServiceRequest(body), [{ ids: [id], data: "a" }]);
  assert.deepEqual(readServiceRequest({}), []);
  assert.deepEqual(readServiceRequest({ OutgoingWebSocketMessages: null, Other: 1 }), []);
  assert.deepEqual(readServiceRequest(one({ ConnectionIds: null, message: { Text: "a" } })), [
    { ids: [], data: "a" },
  ]);
});

/** Bodies that make the original panic, or that it takes for something. */
const refused: readonly (readonly [body: unknown, code: string, place: RegExp])[] = [
  [null, "command-malformed", /^body: an object with OutgoingWebSocketMessages is expected$/],
  [[], "command-malformed", /^body: an object with/],
  ["x", "command-malformed", /^body: an object with/],
  [{ OutgoingWebSocketMessages: {} }, "command-malformed", /^body\.OutgoingWebSocketMessages: /],
  [{ OutgoingWebSocketMessages: [null] }, "command-malformed", /Messages\[0\]: .* it is null/],
  [one({}), "command-malformed", /Messages\[0\]\.Message: .*missing/],
  [one({ Message: null }), "command-malformed", /Messages\[0\]\.Message: .* it is null/],
  [one({ Message: {} }), "command-malformed", /\.Message: it must have Text or Binary/],
  [one({ Message: { Text: "a", Binary: "AA==" } }), "command-malformed", /and not both/],
  [one({ Message: { Text: 5 } }), "command-malformed", /\.Message\.Text: .* number/],
  [one({ Message: { Binary: "A" } }), "command-malformed", /\.Binary: .* base64/],
  [one({ ConnectionIds: [""], Message: { Text: "a" } }), "id-malformed", /ConnectionIds\[0\]/],
  [one({ ConnectionIds: [id64, null], Message: { Text: "a" } }), "command-malformed", /Ids\[1\]/],
  [one({ ConnectionIds: [btoa("x")], Message: { Text: "a" } }), "id-malformed", /Ids\[0\]/],
];

test("a body that is not valid is refused with the place, and repeats nothing of it", () => {
  for (const [body, code, message] of refused) {
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
