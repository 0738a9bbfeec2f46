import assert from "node:assert/strict";
import { test } from "node:test";
import { serviceLimits } from "../../../../adapters/service-port/base/service-limits.ts";
import { base64Of, refusal, ServiceRig } from "../../../support/service-port/service-rig.ts";

interface Outgoing {
  readonly ids: readonly string[];
  readonly message: unknown;
}

function request(...messages: readonly Outgoing[]): string {
  const outgoing = messages.map(({ ids, message }) => ({
    ConnectionIds: ids.map(base64Of),
    Message: message,
  }));
  return JSON.stringify({ OutgoingWebSocketMessages: outgoing });
}

test("/sr sends the original's messages, and answers 200 with nothing", async () => {
  const rig = new ServiceRig();
  const [a, b] = [rig.port.open("a"), rig.port.open("b")];
  const answer = await rig.ask("/sr", {
    body: request(
      { ids: [a, b], message: { Text: "bar", Binary: null } },
      { ids: [b], message: { Text: null, Binary: "AQID" } },
    ),
  });
  assert.deepEqual([answer.status, answer.text], [200, ""]);
  assert.deepEqual(rig.port.connections.get(a)?.got, ["bar"]);
  assert.deepEqual(rig.port.connections.get(b)?.got, ["bar", new Uint8Array([1, 2, 3])]);
});

const id = base64Of("n1.a");

/** The original answers 500, and panics over some of these. `readServiceRequest` refuses more. */
const wrong: readonly (readonly [what: string, body: string, place: RegExp])[] = [
  ["no JSON", "{", /not JSON/],
  ["null", "null", /body/],
  [
    "a number as text, after a message that is right",
    `{"OutgoingWebSocketMessages":[{"ConnectionIds":["${id}"],"Message":{"Text":"a"}},
      {"ConnectionIds":["${id}"],"Message":{"Text":1}}]}`,
    /\[1\]\.Message\.Text/,
  ],
  [
    "an id that is an address",
    request({ ids: ["n1.a", "10.0.0.1:80/x"], message: { Text: "a" } }),
    /\[0\]\.ConnectionIds\[1\]/,
  ],
  [
    "this node by another name",
    request({ ids: ["N1.a"], message: { Text: "a" } }),
    /\[0\]\.ConnectionIds\[0\]/,
  ],
];

for (const [what, body, place] of wrong) {
  test(`/sr with ${what} gets 400 with the place, and nothing is sent`, async () => {
    const rig = new ServiceRig();
    rig.port.open("a");
    const answer = await rig.ask("/sr", { body });
    assert.equal(answer.status, 400);
    const { code, message } = refusal(answer);
    assert.match(code, /^(batch-malformed|command-malformed|id-malformed)$/);
    assert.match(message, place);
    assert.deepEqual(rig.port.calls, []);
    const [refused, ...more] = rig.refused;
    assert.deepEqual([refused?.code, refused?.status, more], [code, 400, []]);
  });
}

test("/sr leaves out ids of nodes that do not live, and says which", async () => {
  const rig = new ServiceRig();
  const own = rig.port.open("a");
  const message = { Text: "hi" };
  const mixed = await rig.ask("/sr", { body: request({ ids: ["n2.x", own], message }) });
  assert.equal(mixed.status, 200);
  const place = "body.OutgoingWebSocketMessages[0].ConnectionIds[0]";
  assert.deepEqual(mixed.json, { unreached: [{ place, id: "n2.x" }] });
  assert.deepEqual(rig.port.connections.get(own)?.got, ["hi"]);

  const none = await rig.ask("/sr", { body: request({ ids: ["n2.x"], message }) });
  assert.equal(none.status, 410);
  assert.equal(refusal(none).code, "id-gone");
  assert.equal(rig.port.calls.length, 1);
});

for (const [sizes, code] of [
  [{ publishBytesMax: 4, sendQueueBytesMax: 9 }, "publish-too-big"],
  [{ publishBytesMax: 9, sendQueueBytesMax: 4 }, "queue-too-small"],
] as const) {
  test(`/sr with a message that the gateway does not send is 413, ${code}`, async () => {
    const rig = new ServiceRig({ sizes });
    const ids = [rig.port.open("a")];
    const fits = [{ Text: "1234" }, { Binary: "AQIDBA==" }, { Text: "éé" }];
    for (const large of [{ Text: "12345" }, { Binary: "AQIDBAU=" }, { Text: "ééé" }]) {
      const body = request({ ids, message: { Text: "1" } }, { ids, message: large });
      const answer = await rig.ask("/sr", { body });
      const refused = refusal(answer);
      assert.deepEqual([answer.status, refused.code], [413, code]);
      assert.match(refused.message, /^body\.OutgoingWebSocketMessages\[1\]\.Message: /);
    }
    assert.deepEqual(rig.port.calls, []);
    const body = request(...fits.map((message) => ({ ids, message })));
    assert.equal((await rig.ask("/sr", { body })).status, 200);
  });
}

test("/sr: so many ids and messages, and past it nothing is sent", async () => {
  const rig = new ServiceRig();
  const message = { Text: "hi" };
  const ids = Array<string>(100_001).fill(rig.port.open("a"));
  const bodies = [request({ ids, message }), request(...Array(50_001).fill({ ids: [], message }))];
  for (const body of bodies) {
    const answer = await rig.ask("/sr", { body });
    const refused = refusal(answer);
    assert.deepEqual([answer.status, refused.code], [413, "request-too-big"]);
    assert.match(refused.message, /^body\.OutgoingWebSocketMessages\[(0|50000)\]: a request may/);
  }
  assert.deepEqual(rig.port.calls, []);
});

test("/sr: a body that nests as deep as it likes is 400 with the place", async () => {
  const rig = new ServiceRig();
  const nested = (inner: string): string => "[".repeat(200_000) + inner + "]".repeat(200_000);
  for (const body of [
    nested(""),
    `{"OutgoingWebSocketMessages":${nested("")}}`,
    `{"OutgoingWebSocketMessages":[{"ConnectionIds":${nested("")},"Message":{"Text":"x"}}]}`,
    `{"OutgoingWebSocketMessages":[{"ConnectionIds":[],"Message":${nested("")}}]}`,
  ]) {
    const answer = await rig.ask("/sr", { body });
    assert.equal(answer.status, 400, answer.text);
    assert.match(refusal(answer).message, /body/);
  }
});

test("/sr: the app that ?app= names, and no other", async () => {
  const rig = new ServiceRig();
  const body = request({ ids: [rig.port.open("a")], message: { Text: "hi" } });
  assert.equal((await rig.ask("/sr?app=chat", { body })).status, 200);
  assert.deepEqual(rig.port.calls[0]?.[0], "chat");
  assert.equal((await rig.ask("/sr?app=other", { body })).status, 404);
  assert.equal(rig.port.calls.length, 1);
});

test("/sr: another method is 405, another path 404, and a long body 413", async () => {
  const rig = new ServiceRig();
  for (const method of ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"]) {
    const answer = await rig.ask("/sr", { method });
    assert.equal(answer.status, 405, method);
    assert.equal(answer.headers.get("allow"), "POST");
  }
  for (const path of ["/", "/SR", "/srx", "/sr/x", "/sr/", "/commands/"]) {
    const answer = await rig.ask(path, { body: "{}" });
    assert.equal(answer.status, 404, path);
    assert.equal(refusal(answer).code, "request-path");
  }
  assert.equal((await rig.ask("/openapi.json/", { method: "GET" })).status, 404);
  const long = await rig.ask("/sr", { body: "{}", length: 17_825_793 });
  assert.equal(long.status, 413);
  assert.equal(refusal(long).code, "request-too-big");
});

test("/sr while the broker is away is 503, to be tried again", async () => {
  const rig = new ServiceRig();
  const body = request({ ids: [rig.port.open("a")], message: { Text: "hi" } });
  rig.port.ready = false;
  const answer = await rig.ask("/sr", { body });
  assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "1"]);
  assert.equal(refusal(answer).code, "broker-lost");
});

const body = "[]";

test("without a token programs of this machine may send, and nobody else", async () => {
  const rig = new ServiceRig();
  const status = async (address: string, headers = {}): Promise<number> =>
    (await rig.ask("/commands", { body, address, headers })).status;
  for (const address of ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"]) {
    assert.equal(await status(address), 200, address);
  }
  for (const address of ["10.0.0.1", "::2", "::ffff:10.0.0.1", "128.0.0.1", ""]) {
    assert.equal(await status(address), 403, address);
  }
  // A browser says where a request is from.
  assert.equal(await status("127.0.0.1", { origin: "http://evil.example" }), 403);
  assert.equal(rig.port.calls.length, 4);
  assert.ok(rig.refused.every(({ code }) => code === "request-forbidden"));
});

test("with a token whoever bears it may send, from anywhere", async () => {
  const rig = new ServiceRig({ token: "s3cret-s3cret" });
  const ask = (authorization: string | undefined) =>
    rig.ask("/commands", {
      body,
      address: "10.0.0.1",
      headers: authorization === undefined ? {} : { authorization },
    });
  assert.equal((await ask("Bearer s3cret-s3cret")).status, 200);
  assert.equal((await ask("bearer s3cret-s3cret")).status, 200);
  for (const wrong of [
    undefined,
    "Bearer s3cret",
    "Bearer ",
    "s3cret-s3cret",
    "Basic s3cret-s3cret",
  ]) {
    const answer = await ask(wrong);
    assert.equal(answer.status, 401, wrong);
    assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/);
    assert.doesNotMatch(answer.text, /s3cret/);
  }
  const local = await rig.ask("/commands", { body });
  assert.equal(local.status, 401, "from this machine too");
});

test("a body is not read before the sender may send", async () => {
  const rig = new ServiceRig({ token: "s3cret-s3cret" });
  const length = serviceLimits.bodyBytesMax + 1;
  assert.equal((await rig.ask("/sr", { body, length })).status, 401);
});

test("bodies and requests under way are bounded", async () => {
  let free = (): void => {};
  const waiting = new Promise<void>((resolve) => {
    free = resolve;
  });
  const rig = new ServiceRig();
  const id = rig.port.open("a");
  const run = rig.port.run.bind(rig.port);
  rig.port.run = async (app, commands) => {
    await waiting;
    return run(app, commands);
  };
  const send = JSON.stringify([["send", id, "x"]]);
  const asked = Array.from({ length: serviceLimits.requestsMax }, () =>
    rig.ask("/commands", { body: send }),
  );
  const full = await rig.ask("/commands", { body: send });
  assert.equal(full.status, 503);
  assert.equal((full.json as { code: string }).code, "requests-full");
  free();
  for (const answer of await Promise.all(asked)) assert.equal(answer.status, 200);
  assert.equal((await rig.ask("/commands", { body: send })).status, 200);
});
