import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, it, test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import mqtt from "mqtt";
import { combinations, startGateway } from "../../support/gateway/gateway.ts";
import { waitFor } from "../../support/process/wait.ts";
import {
  Listener,
  ServiceClient,
  serviceRequest,
} from "../../support/service-port/service-client.ts";

const service = ["--service-port", "0"];

/** Every message at the embedded broker of a gateway, as `topic payload`. */
async function tap(brokerPort: number | undefined): Promise<[topic: string, payload: Buffer][]> {
  const seen: [string, Buffer][] = [];
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${brokerPort}`);
  after(() => client.endAsync(true));
  client.on("message", (topic, payload) => seen.push([topic, payload]));
  await client.subscribeAsync("wss/v1/#", { qos: 1 });
  return seen;
}

for (const { runtime, engine } of combinations) {
  test(`the service port, on ${runtime}, engine ${engine}`, async () => {
    const flags = [...service, "--engine", engine, "--plain-get-status", "400"];
    const gateway = await startGateway({ runtime, flags });
    const { info } = gateway;
    const client = new ServiceClient(info);
    const listener = await Listener.open(info, "/chat");
    const [id = ""] = await client.ids();

    const sent = await client.post("/sr", serviceRequest([id], "from /sr"));
    assert.deepEqual([sent.status, await sent.text()], [200, ""]);
    const outcomes = await client.run(
      ["send", id, { $binary: "AQI=" }],
      ["join", id, "room"],
      ["publish", "room", "to the room"],
      ["query", "room", { count: true }],
    );
    const { nodes: _nodes, missing: _missing, ...counts } = outcomes[2] ?? {};
    assert.deepEqual(outcomes.slice(0, 2), [{ [id]: "sent" }, { [id]: "joined" }]);
    assert.deepEqual(counts, { sent: 1, slow: 0, gone: 0, expired: 0 });
    assert.equal(outcomes[3]?.count, 1);
    assert.deepEqual(await listener.has(3), ["from /sr", "binary 0102", "to the room"]);

    const packed = await client.ask("/commands", {
      method: "POST",
      body: encode([["send", id, new Uint8Array([3])]]) as Uint8Array<ArrayBuffer>,
      headers: { "content-type": "application/msgpack" },
    });
    assert.deepEqual(decode(await packed.arrayBuffer()), [["reply", 0, { [id]: "sent" }]]);

    const told = await client.ask(`/prod/@connections/${id}`);
    const { identity, connectedAt, lastActiveAt } = (await told.json()) as Record<string, string>;
    assert.deepEqual(identity, { sourceIp: "127.0.0.1", userAgent: "listener/1" });
    const [opened, active] = [connectedAt, lastActiveAt].map((time = "") => Date.parse(time));
    assert.ok(Math.abs((opened as number) - Date.now()) < 60_000);
    assert.ok((active as number) >= (opened as number) - 100);

    const large = await client.ask("/sr", { method: "POST", body: "x".repeat(17_825_793) });
    const { code } = (await large.json()) as { code: string };
    assert.deepEqual([large.status, code], [413, "request-too-big"]);
    assert.equal((await client.ask("/sr")).status, 405);
    assert.equal((await client.ask("/nothing")).status, 404);
    assert.equal((await fetch(`http://127.0.0.1:${info.port}/`)).status, 400);

    const closed = listener.closed();
    const gone = await client.ask(`/prod/@connections/${id}`, { method: "DELETE" });
    assert.equal(gone.status, 204);
    assert.equal(await closed, 1000);
    assert.equal((await gateway.stop()).code, 0);
  });
}

describe("two nodes", () => {
  it("serve each other's connections, and nobody else receives a reply", async () => {
    const a = await startGateway({ flags: [...service, "--node-name", "node-a"] });
    const broker = `mqtt://127.0.0.1:${a.info.brokerPort}`;
    const flags = [...service, "--node-name", "node-b", "--broker", broker];
    const b = await startGateway({ flags, runtime: "node" });
    const client = new ServiceClient(a.info);
    const seen = await tap(a.info.brokerPort);
    const [onA, onB] = [await Listener.open(a.info), await Listener.open(b.info)];
    const ids = await waitFor(async () => {
      const found = await client.ids();
      return found.length === 2 ? found : undefined;
    });
    assert.equal((await client.post("/sr", serviceRequest(ids, "both"))).status, 200);
    assert.deepEqual([await onA.has(1), await onB.has(1)], [["both"], ["both"]]);
    const [outcomes, published] = await client.run(["send", ids, "x"], ["publish", "@all", "y"]);
    assert.deepEqual(outcomes, Object.fromEntries(ids.map((id) => [id, "sent"])));
    assert.equal(published?.sent, 2);
    assert.deepEqual(Object.keys(published?.nodes as object).sort(), ["node-a", "node-b"]);
    const replies = seen.filter(([, payload]) => payload.includes("reply"));
    assert.ok(replies.length > 0);
    for (const [topic] of replies) assert.match(topic, /\/origins\/node-a\/events\/node-[ab]$/);

    const ofB = ids.filter((id) => id.startsWith("node-b."));
    await b.stop();
    const dead = await waitFor(async () => {
      const response = await client.post("/sr", serviceRequest(ofB, "late"));
      return response.status === 410 ? response : undefined;
    });
    assert.equal(((await dead.json()) as { code: string }).code, "id-gone");
    const [after] = await client.run(["send", ids, "z"]);
    const expected = ids.map((id) => [id, ofB.includes(id) ? "gone" : "sent"]);
    assert.deepEqual(after, Object.fromEntries(expected));
  });
});

test("forged ids are refused, and nothing is sent anywhere", async () => {
  const { info } = await startGateway({ flags: [...service, "--node-name", "node-a"] });
  const client = new ServiceClient(info);
  const seen = await tap(info.brokerPort);
  const rest = "AAAAq7Zf3kR0vYwT2mLpXs9eJc";
  const forged = [
    "127.0.0.1:1/x",
    `127.0.0.1:${info.servicePort}/sr`,
    `localhost.${rest}`,
    `NODE-A.${rest}`,
    `node-a-service.${rest}`,
    `node-a/../node-a.${rest}`,
    `node-b.${rest}`,
    `+.${rest}`,
    "#",
    "",
  ];
  for (const id of forged) {
    const sr = await client.post("/sr", serviceRequest([id], "x"));
    assert.ok(sr.status === 400 || sr.status === 410, `${id}: ${sr.status}`);
    const { code } = (await sr.json()) as { code: string };
    assert.match(code, /^id-(malformed|gone)$/);
    const target = `/prod/@connections/${encodeURIComponent(id)}`;
    const aws = await client.ask(target, { method: "POST", body: "x" });
    assert.ok([400, 404, 410].includes(aws.status), `${id}: ${aws.status}`);
  }
  const commands = seen.filter(([topic]) => topic.includes("/commands/"));
  // The node's own check of its rules is an empty batch.
  assert.deepEqual(
    commands.filter(([, payload]) => payload.length > 1),
    [],
  );
});

test("a node without a broker serves its own connections", async () => {
  const origin = createServer((_request, response) => response.end());
  origin.listen(0, "127.0.0.1");
  await once(origin, "listening");
  after(() => origin.close());
  const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/`;
  const { info } = await startGateway({ flags: [...service, "--origin", url] });
  assert.equal(info.broker, "none");
  const client = new ServiceClient(info);
  const listener = await Listener.open(info);
  const ids = await client.ids();
  assert.equal((await client.post("/sr", serviceRequest(ids, "hello"))).status, 200);
  assert.deepEqual(await listener.has(1), ["hello"]);
});

test("each app has its own connections", async () => {
  const routes = ["--routes", "/chat=chat,/shop=shop"];
  const { info } = await startGateway({ flags: [...service, ...routes] });
  const client = new ServiceClient(info);
  const listener = await Listener.open(info, "/shop");
  assert.deepEqual(await client.ids(), []);
  const response = await client.post("/commands?app=shop", [["query", "@all"]]);
  const [[, , result]] = (await response.json()) as [[string, unknown, { connections: object[] }]];
  const [{ id }] = result.connections as [{ id: string }];
  const body = serviceRequest([id], "to the shop");
  assert.equal((await client.post("/sr?app=shop", body)).status, 200);
  await listener.has(1);
  const elsewhere = await client.ask(`/chat/@connections/${id}`, { method: "POST", body: "x" });
  assert.equal(elsewhere.status, 410);
  const here = await client.ask(`/shop/@connections/${id}`, { method: "POST", body: "by stage" });
  assert.equal(here.status, 200);
  assert.deepEqual(await listener.has(2), ["to the shop", "by stage"]);
});

test("a token is asked for, and refusals are counted and logged without it", async () => {
  const env = { WSS_SERVICE_TOKEN: "s3cret-s3cret" };
  const gateway = await startGateway({ flags: service, env });
  const { info } = gateway;
  const wrong = new ServiceClient(info, { authorization: "Bearer wrong-wrong" });
  assert.equal((await wrong.post("/sr", {})).status, 401);
  const right = new ServiceClient(info, { authorization: "Bearer s3cret-s3cret" });
  assert.equal((await right.post("/sr", {})).status, 200);
  assert.equal((await wrong.ask("/openapi.json")).status, 200);
  const line = await gateway.event("request-refused");
  assert.deepEqual([line.code, line.status, line.level], ["request-token", 401, "warn"]);
  const metrics = await (await fetch(`http://127.0.0.1:${info.adminPort}/metrics`)).text();
  assert.match(metrics, /^wss_errors_total\{code="request-token"\} 1$/m);
  assert.doesNotMatch(JSON.stringify(gateway.log), /s3cret|wrong-wrong/);
});
