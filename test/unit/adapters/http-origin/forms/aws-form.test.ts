import assert from "node:assert/strict";
import { test } from "node:test";
import { routeKeyOf } from "../../../../../adapters/http-origin/forms/aws-event.ts";
import { AwsForm } from "../../../../../adapters/http-origin/mod.ts";
import { answerOf } from "../../../../support/http/answers.ts";

const id = "n1.AAAAq7Zf3kR0vYwT2mLpXs9eJc";
const at = Date.UTC(2026, 3, 9, 18, 11, 22);
const form = new AwsForm({
  routeSelection: "$request.body.action",
  stage: "dev",
  domainName: "api.example.org",
  apiId: "default",
  authorizes: true,
  now: () => at,
  requestId: () => "r-1",
});

const info = {
  path: "/dev",
  query: "token=a%20b&x=1&x=2",
  headers: { host: "client.example", "user-agent": "curl", "sec-websocket-extensions": "x" },
  ip: "203.0.113.7",
  subprotocols: ["v1", "v2"],
  user: "ann",
  at: at - 5_000,
};

/** What is the same in every event of the connection. */
const common = {
  requestId: "r-1",
  extendedRequestId: "r-1",
  requestTime: "09/Apr/2026:18:11:22 +0000",
  requestTimeEpoch: at,
  messageDirection: "IN",
  stage: "dev",
  connectedAt: at - 5_000,
  identity: { sourceIp: "203.0.113.7", userAgent: "curl" },
  // Not the Host header: functions send to this address.
  domainName: "api.example.org",
  connectionId: id,
  apiId: "default",
  authorizer: { principalId: "ann" },
};

test("a handshake is $connect, with headers and the query", () => {
  const headers = {
    Host: "client.example",
    "User-Agent": "curl",
    "Sec-WebSocket-Extensions": "x",
    "Sec-WebSocket-Protocol": "v1, v2",
    "X-Forwarded-For": "203.0.113.7",
  };
  assert.deepEqual(JSON.parse(form.connect(id, info)), {
    requestContext: { routeKey: "$connect", eventType: "CONNECT", ...common },
    headers,
    multiValueHeaders: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, [value]]),
    ),
    queryStringParameters: { token: "a b", x: "2" },
    multiValueQueryStringParameters: { token: ["a b"], x: ["1", "2"] },
    isBase64Encoded: false,
  });
  const bare = JSON.parse(form.connect(id, {}));
  assert.ok(!("queryStringParameters" in bare));
  assert.ok(!("authorizer" in bare.requestContext));
  assert.equal(bare.requestContext.connectedAt, at, "by a node that does not say");
  assert.equal(form.open(id, info), undefined, "the handshake was $connect");
});

test("a message has its route, its body and a name of its own", () => {
  const data = '{"action":"sendmessage"}';
  assert.deepEqual(JSON.parse(form.message(id, { data, seq: 3, info })), {
    requestContext: {
      routeKey: "sendmessage",
      eventType: "MESSAGE",
      messageId: `${id}/3`,
      ...common,
    },
    body: data,
    isBase64Encoded: false,
  });
  const bytes = JSON.parse(form.message(id, { data: Uint8Array.of(1, 2), seq: 3, info }));
  assert.equal(bytes.body, "AQI=");
  assert.equal(bytes.isBase64Encoded, true);
  assert.equal(bytes.requestContext.routeKey, "$default");
});

test("the end is $disconnect, with code and reason", () => {
  const end = { seq: 4, code: 1001, reason: "away", cause: "client", info };
  const event = JSON.parse(form.close(id, end));
  assert.deepEqual(event.requestContext, {
    routeKey: "$disconnect",
    eventType: "DISCONNECT",
    disconnectStatusCode: 1001,
    disconnectReason: "away",
    ...common,
  });
  assert.equal(event.headers.Host, "client.example");
  assert.equal(form.keepAlives(), undefined);
});

const deep = (levels: number): string =>
  `{"action":"a","b":${"[".repeat(levels)}${"]".repeat(levels)}}`;
/** Bodies with the place that selects the route, and the route. */
const routes: readonly (readonly [body: string, selection: string, key: string])[] = [
  ['{"action":"a"}', "$request.body.action", "a"],
  ['{"a":{"b":"c"}}', "$request.body.a.b", "c"],
  ['{"action":"a"}', "$request.body.other", "$default"],
  ['{"action":5}', "$request.body.action", "$default"],
  ['{"action":""}', "$request.body.action", "$default"],
  ['{"action":"$connect"}', "$request.body.action", "$default"],
  ['{"action":"$disconnect"}', "$request.body.action", "$default"],
  ["[]", "$request.body.length", "$default"],
  ["{}", "$request.body.__proto__", "$default"],
  ["null", "$request.body.action", "$default"],
  ["hello", "$request.body.action", "$default"],
  ['{"action":"a"}', "", "$default"],
  [deep(999), "$request.body.action", "a"],
  // A client's text is not decoded if that would hold up the node.
  [deep(1_000), "$request.body.action", "$default"],
];

test("the route is what the selected place says; no client chooses one of the gateway's", () => {
  for (const [body, selection, key] of routes)
    assert.equal(routeKeyOf(body, selection), key, body);
});

test("cookies that the node passes on are a header, as browsers send them", () => {
  const cookies = { session: "s3cr3t", lang: "de" };
  const headersOf = (more: object): unknown =>
    JSON.parse(form.connect(id, { ...info, cookies, ...more })).headers.Cookie;
  assert.equal(headersOf({}), "session=s3cr3t; lang=de");
  assert.equal(headersOf({ cookies: {} }), undefined);
  assert.equal(headersOf({ headers: { cookie: "all=1" } }), "all=1");
  const { multiValueHeaders } = JSON.parse(form.connect(id, { ...info, cookies }));
  assert.deepEqual(multiValueHeaders.Cookie, ["session=s3cr3t; lang=de"]);
});

test("2xx of $connect lets in; its header may choose the subprotocol", () => {
  const headers = { "Sec-WebSocket-Protocol": "v1" };
  for (const [answer, subprotocol] of [
    [{ statusCode: 200 }, undefined],
    [{ statusCode: "201", headers }, "v1"],
  ] as const) {
    const decision = form.decision(answerOf(200, answer));
    assert.deepEqual(decision, { accepted: true, grant: { subprotocol } });
  }
});

test("a statusCode of 400 or more refuses the client, with the body", () => {
  const refused = { statusCode: 401, body: "no", headers: { "Content-Type": "text/plain" } };
  assert.deepEqual(form.decision(answerOf(200, refused)), {
    accepted: false,
    status: 401,
    body: "no",
    headers: { "content-type": "text/plain" },
  });
  const challenges = { "WWW-Authenticate": "Bearer", "Retry-After": "9", "X-Other": "1" };
  const moved = { statusCode: 302, headers: { Location: "https://example.org/", ...challenges } };
  const kept = { "www-authenticate": "Bearer", "retry-after": "9" };
  const headers = { location: "https://example.org/", ...kept };
  const decision = form.decision(answerOf(200, moved));
  assert.deepEqual(decision, { accepted: false, status: 302, body: "", headers });
});

test("a function that fails, or says nothing, lets nobody in", () => {
  const failed = { errorMessage: "boom", errorType: "Error" };
  const answers = [
    answerOf(200, failed, undefined, { "x-amz-function-error": "Unhandled" }),
    answerOf(200, failed),
    answerOf(200, null),
    answerOf(200),
    answerOf(500, { statusCode: 200 }),
    answerOf(200, {}),
  ];
  for (const answer of answers) {
    assert.throws(() => form.decision(answer), { code: "handshake-grant" });
  }
  assert.throws(() => form.decision(answerOf(200, { statusCode: 99 })), {
    code: "command-malformed",
  });
});

test("a body that a route returns goes to its client", () => {
  const body = { statusCode: 200, body: "pong" };
  const send = { verb: "send", ids: [id], options: {} };
  assert.deepEqual(form.commands(id, answerOf(200, body)), [{ ...send, data: "pong" }]);
  const bytes = { statusCode: 200, body: "AQI=", isBase64Encoded: true };
  const data = Uint8Array.of(1, 2);
  assert.deepEqual(form.commands(id, answerOf(200, bytes)), [{ ...send, data }]);
  for (const nothing of [undefined, null, {}, { statusCode: 200 }, { body: "" }]) {
    assert.deepEqual(form.commands(id, answerOf(200, nothing)), []);
  }
  const odd = { body: "A", isBase64Encoded: true };
  for (const wrong of [{ body: 5 }, odd, { headers: 1 }, "text", [], 5]) {
    assert.throws(() => form.commands(id, answerOf(200, wrong)), { code: "command-malformed" });
  }
});

test("a client receives that the function failed, as it does of AWS", () => {
  const failed = answerOf(200, { errorMessage: "secret" }, undefined, {
    "x-amz-function-error": "Unhandled",
  });
  const [command] = form.commands(id, failed);
  assert.ok(command?.verb === "send");
  assert.deepEqual(JSON.parse(String(command.data)), {
    message: "Internal server error",
    connectionId: id,
    requestId: "r-1",
  });
});
