import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { errorsOf, OriginRig, refOf } from "../../support/origins/origin-rig.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";

let rig: OriginRig;

beforeEach(async () => {
  rig = await OriginRig.start();
});

afterEach(() => rig.stop());

test("changes of a connection tell what became of them; refusals end no process", async () => {
  const origin = await rig.connect();
  const codes = errorsOf(origin);
  const connection = origin.connection("n1.a");
  const joined = connection.join("room ä");
  const join = await rig.nextOf("join");
  assert.deepEqual([join.node, ...join.item.slice(0, 3)], ["n1", "join", "n1.a", "room ä"]);
  rig.answer("n1", refOf(join), { "n1.a": "joined" });
  assert.equal(await joined, "joined");
  // Nobody waits for this one.
  connection.join("full");
  rig.answer("n1", refOf(await rig.nextOf("join")), { "n1.a": "group-limit" });
  await waitFor(() => codes.length === 1, { what: "the error" });
  const refused = connection.setState("x".repeat(9_000));
  assert.equal(connection.state, "x".repeat(9_000));
  rig.answer("n1", refOf(await rig.nextOf("state")), { "n1.a": "state-too-big" });
  await assert.rejects(refused, { code: "state-too-big" });
  assert.equal(connection.state, undefined, "the gateway has not taken it");
  const gone = connection.renew(new Date(5));
  const renew = await rig.nextOf("renew");
  assert.equal(renew.item[2], 5);
  rig.answer("n1", refOf(renew), { "n1.a": "gone" });
  assert.equal(await gone, "gone");
  connection.renew(null);
  assert.equal((await rig.nextOf("renew")).item[2], 0);
  await assert.rejects(connection.join(""), { code: "group-name" });
  assert.equal(await connection.leave("x", { timeoutMs: 20 }), "unknown");
  assert.deepEqual(codes, ["group-limit", "state-too-big", "group-name"]);
});

test("state comes with open and messages; what was set here since is newer", async () => {
  const origin = await rig.connect();
  const seen: unknown[] = [];
  origin.on("open", ({ connection }) => void seen.push([connection.user, connection.state]));
  origin.on("message", ({ connection, state }) => void seen.push([state, connection.state]));
  rig.gateway.events("n1", "i1", [["open", "n1.a", 0, { user: "ada", state: { n: 0 } }]]);
  await waitFor(() => seen.length === 1, { what: "open" });
  const stored = origin.connection("n1.a").setState({ n: 2 });
  rig.gateway.events("n1", "i1", [["message", "n1.a", 1, "before", { n: 1 }]]);
  await waitFor(() => seen.length === 2, { what: "the message" });
  rig.answer("n1", refOf(await rig.nextOf("state")), { "n1.a": "stored" });
  assert.equal(await stored, "stored");
  const bytes = Uint8Array.from([1]);
  rig.gateway.batch(
    "n1",
    new TextEncoder().encode('[["message","n1.a",2,"j",{"b":{"$binary":"AQ=="}}]]'),
  );
  rig.gateway.events("n1", "i1", [["message", "n1.a", 3, "none"]]);
  await waitFor(() => seen.length === 4, { what: "all" });
  assert.deepEqual(seen, [
    ["ada", { n: 0 }],
    [{ n: 1 }, { n: 2 }],
    [{ b: bytes }, { b: bytes }],
    [undefined, undefined],
  ]);
});

test("publishes of a turn are one batch on the group's topic, behind the joins", async () => {
  const origin = await rig.connect();
  const group = origin.group("r/1");
  group.publish("a");
  group.publish("b", { except: origin.connection("n1.x") });
  group.publish("c", { except: ["n1.x", "n2.y"], ttlMs: 5_000 });
  await waitFor(() => rig.gateway.commands.length === 3, { what: "three" });
  assert.equal(rig.gateway.batches.length, 1);
  assert.deepEqual(rig.gateway.commands.map(({ group: name, sender }) => [name, sender])[0], [
    "r/1",
    "o1",
  ]);
  const [, , c] = rig.gateway.commands;
  assert.deepEqual(
    rig.gateway.commands.slice(0, 2).map(({ item }) => item),
    [
      ["publish", "r/1", "a"],
      ["publish", "r/1", "b", { except: "n1.x" }],
    ],
  );
  const { at, ...rest } = c!.item[3] as { at: number };
  assert.deepEqual(rest, { except: ["n1.x", "n2.y"], ttl: 5_000 });
  assert.ok(Math.abs(Date.now() - at) < 5_000);
  rig.gateway.commands.length = 0;
  const joined = group.join(["n1.a", "n2.b"]);
  group.publish("behind the join");
  origin.group("other").publish("at once");
  const [one, two] = [await rig.nextOf("join"), await rig.nextOf("join")];
  await waitFor(() => rig.gateway.commands.length > 0, { what: "the other" });
  assert.deepEqual(
    rig.gateway.commands.map(({ item }) => item[2]),
    ["at once"],
  );
  for (const join of [one, two])
    rig.answer(join.node, refOf(join), { [String(join.item[1])]: "joined" });
  assert.deepEqual(Object.fromEntries(await joined), { "n1.a": "joined", "n2.b": "joined" });
  await waitFor(() => rig.gateway.commands.length === 2, { what: "both" });
  assert.equal(rig.gateway.commands[1]?.item[2], "behind the join");
  for (const name of ["", "ä".repeat(129), "\ud800"]) {
    assert.throws(() => origin.group(name), { code: "group-name" });
  }
  assert.throws(() => origin.user("x".repeat(251)), { code: "group-name" });
});

test("a publish with a reply adds up what nodes say, and names those that do not", async () => {
  const origin = await rig.connect();
  await rig.living(origin, "n1", "n2", "n3");
  const told = origin.user("ada").sendWithReply("hi", { timeoutMs: 300 });
  const { item, node, group } = await rig.nextOf("publish");
  assert.deepEqual([item[1], node, group], ["@user/ada", "", undefined]);
  const { ref } = item[3] as { ref: string };
  rig.answer("n1", ref, { node: "n1", sent: 2, slow: 1, gone: 0, expired: 0 });
  rig.answer("n2", ref, { node: "n2", error: "group-name" });
  const { nodes, ...rest } = await told;
  assert.deepEqual(rest, { sent: 2, slow: 1, gone: 0, expired: 0, missing: ["n3"] });
  assert.deepEqual(nodes.get("n2"), {
    sent: 0,
    slow: 0,
    gone: 0,
    expired: 0,
    error: "group-name",
  });
  // One that dies meanwhile is not waited for.
  const again = origin.everyone().publishWithReply("all", { timeoutMs: 60_000 });
  const all = refOf(await rig.nextOf("publish"));
  for (const name of ["n1", "n2"]) rig.answer(name, all, { node: name, sent: 1 });
  rig.gateway.presence("n3", undefined);
  assert.deepEqual((await again).missing, ["n3"]);
});

test("queries gather pages of several nodes; a signal ends the wait", async () => {
  const origin = await rig.connect();
  await rig.living(origin, "n1", "n2");
  const asked = origin.connections({ user: "ada" });
  const query = await rig.nextOf("query");
  assert.deepEqual(query.item.slice(0, 2), ["query", "@user/ada"]);
  assert.equal((query.item[2] as { group: boolean }).group, true);
  const one = { id: "n1.a", at: 5, user: "ada", bufferedAmount: 7 };
  const ref = refOf(query);
  rig.answer("n1", ref, { node: "n1", count: 2, connections: [one], more: true });
  rig.answer("n2", ref, { node: "n2", count: 0, connections: [] });
  rig.answer("n1", ref, { node: "n1", count: 2, connections: [{ id: "n1.b", at: 6 }] });
  const { connections, count, missing } = await asked;
  assert.deepEqual([count, missing], [2, []]);
  assert.deepEqual(
    connections.map(({ id, node, at, user, bufferedAmount }) => [
      id,
      node,
      at,
      user,
      bufferedAmount,
    ]),
    [
      ["n1.a", "n1", 5, "ada", 7],
      ["n1.b", "n1", 6, undefined, 0],
    ],
  );
  assert.equal(connections[0]?.connection.id, "n1.a");
  const ids = origin.connections({ ids: ["n1.a", "n1.z", "n9.q"] });
  const byId = await rig.nextOf("query");
  assert.deepEqual([byId.node, byId.item[1]], ["n1", ["n1.a", "n1.z"]]);
  rig.answer("n1", refOf(byId), { node: "n1", count: 1, connections: [one], gone: ["n1.z"] });
  const some = await ids;
  assert.deepEqual([some.count, some.gone, some.missing], [1, ["n1.z"], ["n9"]]);
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(origin.count({ signal }), { message: "enough" });
  const controller = new AbortController();
  const waiting = [
    origin.count({ group: "x", signal: controller.signal }),
    origin.sendWithReply("n1.a", "x", { signal: controller.signal }),
    origin.group("x").publishWithReply("x", { signal: controller.signal }),
    origin.connection("n1.a").join("x", { signal: controller.signal }),
  ];
  controller.abort(new Error("over"));
  for (const one of waiting) await assert.rejects(one as Promise<unknown>, { message: "over" });
});

test("what waits longer than its ttl while the broker is away is not sent, and told", async () => {
  const proxy = await TcpProxy.start(rig.broker.port);
  const origin = await rig.connect({ broker: proxy.url });
  const codes = errorsOf(origin);
  await rig.living(origin, "n1");
  proxy.block();
  await waitFor(() => !origin.connected, { what: "lost" });
  origin.send("n1.a", "stays");
  origin.send("n1.a", "goes", { ttlMs: 30 });
  const told = origin.sendWithReply(["n1.a", "n1.b"], "goes too", { ttlMs: 30 });
  origin.connection("n1.a").send("lives", { ttlMs: 60_000 });
  origin.group("g").publish("stays");
  origin.group("g").publish("goes", { ttlMs: 30 });
  const published = origin.group("g").publishWithReply("goes too", { ttlMs: 30 });
  await assert.rejects(published, { code: "message-expired" });
  assert.deepEqual(Object.fromEntries(await told), { "n1.a": "expired", "n1.b": "expired" });
  assert.equal(origin.connected, false, "told before the broker is back");
  proxy.unblock();
  await waitFor(() => rig.gateway.commands.length === 3, { what: "three" });
  await origin.flushed();
  assert.equal(origin.queuedBytes, 0);
  const texts = rig.gateway.commands.map(({ item }) => item[2]);
  assert.deepEqual(texts.sort(), ["lives", "stays", "stays"]);
  const numbered = rig.gateway.batches.filter(({ batch }) => batch[0] === 1);
  assert.deepEqual((numbered.at(-1)!.batch[3] as unknown[]).length, 2, "no gap is numbered");
  assert.deepEqual(codes, ["message-expired", "message-expired"]);
  await origin.close();
  await assert.rejects(origin.sendWithReply("n1.a", "x"), { code: "broker-lost" });
  assert.throws(() => origin.group("g").publish("x"), { code: "broker-lost" });
  await proxy.close();
});

test("publishes survive an outage in order, in JSON too, bounded", async () => {
  const proxy = await TcpProxy.start(rig.broker.port);
  const origin = await rig.connect({ broker: proxy.url, format: "json" });
  proxy.block();
  await waitFor(() => !origin.connected, { what: "lost" });
  const group = origin.group("g");
  for (let index = 0; index < 50; index++) group.publish(`m${index}`);
  group.publish(Uint8Array.from([1, 2]));
  const megabyte = new Uint8Array(1_048_576);
  const full = (): void => {
    for (let index = 0; index < 40; index++) group.publish(megabyte);
  };
  assert.throws(full, { code: "send-queue-full" });
  proxy.unblock();
  await waitFor(() => rig.gateway.commands.length > 60, { what: "all" });
  const texts = rig.gateway.commands.slice(0, 51).map(({ item }) => item[2]);
  assert.deepEqual(
    texts.slice(0, 50),
    Array.from({ length: 50 }, (_, index) => `m${index}`),
  );
  assert.deepEqual(texts[50], { $binary: "AQI=" });
  await origin.close();
  await proxy.close();
});
