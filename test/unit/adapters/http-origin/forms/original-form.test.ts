import assert from "node:assert/strict";
import { test } from "node:test";
import { OriginalForm } from "../../../../../adapters/http-origin/mod.ts";
import { answerOf } from "../../../../support/http/answers.ts";
import { fromHex } from "../../../../vectors/hex.ts";
import {
  originalBinaries,
  originalEvents,
  originalStrings,
} from "../../../../vectors/original-wire.ts";

const plain = new OriginalForm({ extraFields: false });
const extended = new OriginalForm({ extraFields: true });
const id = "n1.a";
const id64 = "bjEuYQ==";

const handshake = {
  path: "/chat",
  query: "a=1&b=2",
  headers: { host: "example.org", "user-agent": "<x>" },
  cookies: {},
  params: { room: "blue" },
  ip: "203.0.113.7",
  subprotocols: ["v1", "v2"],
};

test("without extra fields every event has the exact bytes of the original", () => {
  const { established, message, binary, closed, keepAlives } = originalEvents(id64);
  assert.equal(plain.open(id, { ...handshake, user: "ann" }), established(""));
  assert.equal(plain.open(id, { subprotocol: "test" }), established("test"));
  for (const [text, written] of originalStrings) {
    assert.equal(plain.message(id, { data: text, seq: 1, info: undefined }), message(written));
  }
  for (const [hex, written] of originalBinaries) {
    assert.equal(plain.message(id, { data: fromHex(hex), seq: 1, info: {} }), binary(written));
  }
  const close = { code: 1000, reason: "bye", cause: "client", seq: 2, info: undefined };
  assert.equal(plain.close(id, close), closed);
  assert.equal(plain.keepAlives([id]), keepAlives([id64]));
  assert.equal(plain.keepAlives([id, "n1.ab"]), keepAlives([id64, "bjEuYWI="]));
});

test("extra fields stand behind the original's, and what is absent is null", () => {
  const established =
    '{"Subprotocol":"","Path":"/chat","Query":"a=1\\u0026b=2",' +
    '"Headers":{"host":"example.org","user-agent":"\\u003cx\\u003e"},' +
    '"Address":"203.0.113.7","User":null}';
  assert.equal(
    extended.open(id, handshake),
    `{"WebSocketEvent":{"ConnectionId":"${id64}","ConnectionEstablished":${established},` +
      '"ConnectionClosed":null,"MessageReceived":null},"WebSocketKeepAlives":null}',
  );
  assert.equal(
    extended.close(id, { code: 1006, reason: "", cause: "idle", seq: 2, info: undefined }),
    `{"WebSocketEvent":{"ConnectionId":"${id64}","ConnectionEstablished":null,` +
      '"ConnectionClosed":{"Code":1006,"Reason":"","Cause":"idle"},"MessageReceived":null},' +
      '"WebSocketKeepAlives":null}',
  );
  const { message } = originalEvents(id64);
  assert.equal(extended.message(id, { data: "a", seq: 1, info: {} }), message('"a"'));
});

test("a handshake that waits for an answer is an event of its own", () => {
  assert.deepEqual(JSON.parse(plain.connect(id, handshake)), {
    WebSocketEvent: {
      ConnectionId: id64,
      ConnectionRequested: {
        Path: "/chat",
        Query: "a=1&b=2",
        Headers: { host: "example.org", "user-agent": "<x>" },
        Cookies: {},
        Params: { room: "blue" },
        Address: "203.0.113.7",
        Subprotocols: ["v1", "v2"],
      },
      ConnectionEstablished: null,
      ConnectionClosed: null,
      MessageReceived: null,
    },
    WebSocketKeepAlives: null,
  });
});

test("success is status 200 alone", () => {
  assert.ok(plain.succeeded(answerOf(200)));
  for (const status of [199, 201, 202, 204, 301, 400, 500]) {
    assert.ok(!plain.succeeded(answerOf(status)), String(status));
  }
});

test("an answer with commands, or with the original's messages, is a reply", () => {
  const send = { verb: "send", ids: [id], options: {} };
  const reply = answerOf(200, [["send", id, "hi"]]);
  assert.deepEqual(plain.commands(id, reply), [{ ...send, data: "hi" }]);
  const Message = { Text: "bar" };
  const request = answerOf(200, {
    outgoingWebSocketMessages: [{ ConnectionIds: [id64], Message }],
  });
  assert.deepEqual(plain.commands(id, request), [{ ...send, data: "bar" }]);
});

test("any other body is ignored, as the original ignores it", () => {
  const item = ["send", id, "hi"];
  const others = [
    answerOf(200),
    answerOf(200, { ok: true }),
    answerOf(200, []),
    answerOf(200, null),
    answerOf(200, "ok"),
    answerOf(200, [item], "text/plain"),
    answerOf(201, [item]),
  ];
  for (const answer of others) assert.deepEqual(plain.commands(id, answer), []);
});

test("a reply with a fault is refused as a whole", () => {
  const faults = [
    { ...answerOf(200), contentType: "application/json", body: new TextEncoder().encode("[") },
    answerOf(200, [
      ["send", id, "hi"],
      ["send", id],
    ]),
    answerOf(200, [["shout", id]]),
    answerOf(200, [["send", id, "hi"], null]),
    answerOf(200, [null]),
    answerOf(200, [[]]),
    answerOf(200, [1, 2, 3]),
    answerOf(200, { OutgoingWebSocketMessages: [null] }),
    answerOf(200, { OutgoingWebSocketMessages: {} }),
    // It would be ignored, but decoding it would hold up the node.
    answerOf(200, `{"a":${"[".repeat(2_000)}${"]".repeat(2_000)}}`, "application/json"),
  ];
  for (const answer of faults) assert.throws(() => plain.commands(id, answer));
});

test("2xx lets a client in, with what the body gives", () => {
  const none = plain.decision(answerOf(204));
  assert.deepEqual(none, { accepted: true, grant: {} });
  assert.deepEqual(plain.decision(answerOf(200, "welcome", "text/plain")), none);
  const grant = {
    user: "ann",
    groups: ["room/blue"],
    state: { seat: 7 },
    subprotocol: "v1",
    headers: { "x-seat": "7" },
    expires: 1_700_003_600_000,
  };
  assert.deepEqual(plain.decision(answerOf(201, grant)), { accepted: true, grant });
  const named = { User: "ann", GROUPS: null, unknown: 1 };
  assert.deepEqual(plain.decision(answerOf(200, named)), {
    accepted: true,
    grant: {
      ...Object.fromEntries(Object.keys(grant).map((key) => [key, undefined])),
      user: "ann",
    },
  });
});

test("4xx and 5xx refuse a client with their body, and a few of their headers", () => {
  const refusal = answerOf(401, "who are you?", "text/plain", { "www-authenticate": "Basic" });
  const decision = plain.decision(refusal);
  assert.ok(!decision.accepted);
  assert.equal(decision.status, 401);
  assert.deepEqual(decision.body, refusal.body);
  assert.deepEqual(decision.headers, {
    "content-type": "text/plain",
    "www-authenticate": "Basic",
  });
});

test("an answer that decides nothing is refused", () => {
  for (const status of [301, 304, 199]) {
    assert.throws(() => plain.decision(answerOf(status)), { code: "handshake-grant" });
  }
  for (const body of [{ user: 5 }, { groups: "a" }, { headers: [] }, { expires: -1 }, "x"]) {
    assert.throws(() => plain.decision(answerOf(200, body)), { code: "handshake-grant" });
  }
});
