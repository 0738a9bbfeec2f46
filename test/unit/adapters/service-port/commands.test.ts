import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { base64Of, refusal, ServiceRig } from "../../../support/service-port/service-rig.ts";

const json = { "content-type": "application/json" };
const msgpack = { "content-type": "application/msgpack" };

test("/commands carries out a batch in JSON, and answers one reply for each", async () => {
  const rig = new ServiceRig();
  const [a, b] = [rig.port.open("a"), rig.port.open("b")];
  const body = JSON.stringify([
    ["send", [a, "n1.none"], "hi", { ref: "mine" }],
    ["send", b, { $binary: "AQID" }],
    ["close", b, 4000, "bye"],
  ]);
  const answer = await rig.ask("/commands", { body, headers: json });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
  assert.deepEqual(answer.json, [
    ["reply", "mine", { [a]: "sent", "n1.none": "gone" }],
    ["reply", 1, { [b]: "sent" }],
    ["reply", 2, { [b]: "closed" }],
  ]);
  assert.deepEqual(rig.port.connections.get(b)?.got, [new Uint8Array([1, 2, 3])]);
  assert.deepEqual(rig.port.connections.get(b)?.closed, [4000, "bye"]);
});

for (const type of [
  msgpack["content-type"],
  "application/x-msgpack",
  "Application/MsgPack; v=1",
]) {
  test(`/commands reads and answers ${type} as MessagePack`, async () => {
    const rig = new ServiceRig();
    const a = rig.port.open("a");
    const body = encode([["send", a, new Uint8Array([7])]]);
    const answer = await rig.ask("/commands", { body, headers: { "content-type": type } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), "application/msgpack");
    assert.deepEqual(decode(answer.bytes), [["reply", 0, { [a]: "sent" }]]);
    assert.deepEqual(rig.port.connections.get(a)?.got, [new Uint8Array([7])]);
  });
}

test("/commands without a Content-Type of its own: JSON begins with a bracket", async () => {
  const rig = new ServiceRig();
  const a = rig.port.open("a");
  const unsaid = ["text/plain;charset=UTF-8", "application/x-www-form-urlencoded"];
  for (const headers of [{}, ...unsaid.map((type) => ({ "content-type": type }))]) {
    const body = JSON.stringify([["send", a, "x"]]);
    const text = await rig.ask("/commands", { body, headers });
    assert.deepEqual(text.json, [["reply", 0, { [a]: "sent" }]]);
  }
  const packed = await rig.ask("/commands", { body: encode([["send", a, "x"]]) });
  assert.deepEqual(decode(packed.bytes), [["reply", 0, { [a]: "sent" }]]);
});

const wrong: readonly (readonly [what: string, body: string | Uint8Array, fault: RegExp])[] = [
  ["no array", '{"a":1}', /body/],
  ["an unknown verb", '[["send","n1.a","x"],["shout","n1.a"]]', /body\[1\]/],
  ["a state without a value", '[["state","n1.a"]]', /body\[0\]\[2\]: a value is expected/],
  ["a numbered batch", '[1,"s",0,[["send","n1.a","x"]]]', /numbered/],
];

for (const [what, body, fault] of wrong) {
  test(`/commands with ${what} is 400 with the place, and nothing of it is done`, async () => {
    const rig = new ServiceRig();
    rig.port.open("a");
    const answer = await rig.ask("/commands", { body, headers: json });
    assert.equal(answer.status, 400);
    assert.match(refusal(answer).message, fault);
    assert.deepEqual(rig.port.calls, []);
  });
}

test("/commands: bytes that are no MessagePack, and another Content-Type", async () => {
  const rig = new ServiceRig();
  const bad = await rig.ask("/commands", { body: new Uint8Array([0x93, 1]), headers: msgpack });
  assert.deepEqual([bad.status, refusal(bad).code], [400, "batch-malformed"]);
  const other = await rig.ask("/commands", {
    body: "x",
    headers: { "content-type": "text/html" },
  });
  assert.equal(other.status, 415);
  assert.equal((await rig.ask("/commands", { method: "GET" })).status, 405);
  assert.deepEqual(rig.port.calls, []);
});

test("/commands: what passes is answered, also with a ref as deep as a batch may be", async () => {
  const rig = new ServiceRig();
  const a = rig.port.open("a");
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  for (const headers of [json, msgpack]) {
    const ask = (ref: unknown) => {
      const batch = [
        ["send", a, "x"],
        ["send", a, "y", { ref }],
      ];
      const body = headers === json ? JSON.stringify(batch) : encode(batch);
      return rig.ask("/commands", { body, headers });
    };
    const deep = await ask(nested(29));
    assert.equal(deep.status, 200);
    const replies = headers === json ? deep.json : decode(deep.bytes);
    assert.deepEqual((replies as unknown[][])[1], ["reply", nested(29), { [a]: "sent" }]);
    const { calls } = rig.port;
    const before = calls.length;
    const deeper = await ask(nested(30));
    assert.deepEqual(
      [deeper.status, refusal(deeper).code, calls.length],
      [400, "batch-malformed", before],
    );
  }
});

test("/commands: a request may name so much, and past it none is carried out", async () => {
  const rig = new ServiceRig();
  const ids = (count: number): string[] => Array<string>(count).fill("n1.a");
  const close = ["close", "n1.a"];
  const except = ids(100_001);
  for (const [message, ...batch] of [
    [/^body\[1\]: a request may name 100000 ids/, close, ["close", ids(100_000)]],
    [/^body\[0\]: a request may name 100000/, ["publish", "g", "x", { except }]],
    [/^body\[0\]: a request may query 10000 ids/, ["query", ids(10_001)]],
    [/^body\[50000\]: a request may have 50000 commands/, ...Array(50_001).fill(close)],
  ] as const) {
    const body = JSON.stringify(batch);
    const answer = await rig.ask("/commands", { body, headers: json });
    const refused = refusal(answer);
    assert.deepEqual([answer.status, refused.code], [413, "request-too-big"]);
    assert.match(refused.message, message);
  }
  assert.deepEqual(rig.port.calls, []);
  const most = JSON.stringify([["close", ids(100_000)]]);
  assert.equal((await rig.ask("/commands", { body: most, headers: json })).status, 200);
});

const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const other = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

test("a request with a traceparent has its commands belong to that trace", async () => {
  const rig = new ServiceRig();
  const id = rig.port.open("a");
  const headers = { traceparent: trace };
  const items = [
    ["send", id, "x"],
    ["send", id, "x", { trace: other, ttl: 9 }],
    ["close", id],
  ];
  const messages = { ConnectionIds: [base64Of(id)], Message: { Text: "x" } };
  await rig.ask("/commands", { headers, body: JSON.stringify(items) });
  await rig.ask("/sr", {
    headers,
    body: JSON.stringify({ OutgoingWebSocketMessages: [messages] }),
  });
  await rig.ask(`/prod/@connections/${id}`, { headers, body: "x" });
  const options = (): unknown[] =>
    rig.port.calls.flatMap(([, commands]) => commands.map((command) => command.options));
  assert.deepEqual(options(), [
    { trace },
    { trace: other, ttl: 9 },
    { trace },
    { trace },
    { trace },
  ]);
  rig.port.calls.length = 0;
  for (const hostile of [`${trace}-x`, "x".repeat(55), ""]) {
    const body = JSON.stringify([["send", id, "x"]]);
    const answer = await rig.ask("/commands", { headers: { traceparent: hostile }, body });
    assert.equal(answer.status, 200);
  }
  assert.deepEqual(options(), [{}, {}, {}]);
});
