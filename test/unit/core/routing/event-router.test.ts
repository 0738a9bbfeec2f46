import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { ServiceError } from "../../../../core/base/mod.ts";
import { idOf, settled } from "../../../support/memory-node/memory-node.ts";
import { closes, handled, RouterRig as Rig } from "../../../support/memory-node/router-rig.ts";
import type { SimulatedOrigin } from "../../../support/memory-node/simulated-origins.ts";

test("a window of one item lets clients in, and their events wait for their turn", async () => {
  const rig = new Rig();
  rig.windowItems = 1;
  await rig.start("o1");
  const [origin] = rig.origins as [SimulatedOrigin];
  const first = rig.node.connect();
  await rig.rest();
  first.receive("a");
  await rig.rest();
  for (let client = 0; client < 5; client++) {
    assert.equal(await rig.handshake(), "welcome");
    rig.node.connect();
    await rig.rest();
  }
  assert.deepEqual([origin.inbox.length, handled(origin)], [1, []], "one is under way");
  for (let round = 0; round < 8; round++) await rig.handle(origin);
  assert.deepEqual(handled(origin), ["open 0", "message 1", ...Array(5).fill("open 0")]);
});

test("handshakes are refused when all streams hold their bytes, and while they do", async () => {
  const rig = await new Rig({ windowBytesMax: 2_000 }).start("o1");
  const [origin] = rig.origins as [SimulatedOrigin];
  // Clients alone fill it, so that a full window of a silent origin bounds those that come in.
  let clients = 0;
  while ((await rig.handshake()) === "welcome") {
    rig.node.connect();
    clients++;
    assert.ok(clients < 200);
  }
  assert.equal(await rig.handshake(), "503 window-full");
  await rig.rest();
  assert.equal(await rig.handshake(), "503 window-full");
  await rig.handle(origin);
  assert.equal(await rig.handshake(), "welcome");
  assert.equal(origin.handled.length, clients);
});

test("a node is not ready once every origin has as many handshakes as it may", async () => {
  const rig = await new Rig({ authorize: "origin", handshakesPerIpMax: 0 }).start("o1", "o2");
  const { node } = rig;
  const answers: string[] = [];
  const path = `/${"p".repeat(10_000)}`;
  const reasons = (): readonly string[] => node.gateway.readiness().reasons;
  for (let asked = 0; reasons().length === 0; asked++) {
    assert.ok(asked < 10_000);
    void node.handshake(path).then((answer) => {
      answers.push("statusCode" in answer ? `${answer.errorCode}` : "welcome");
    });
    await settled();
  }
  // The one that was full first refused some, and the node was ready nevertheless.
  assert.deepEqual(new Set(answers), new Set(["authorize-full"]));
  assert.deepEqual(reasons(), ["too many handshakes wait for an origin"]);
});

test("while the broker is away the wait for an origin stands still", async () => {
  const rig = await new Rig().start("o1");
  const client = rig.node.connect();
  await rig.handle(...rig.origins);
  rig.origins[0]!.alive = false;
  rig.network.listener.origin("default", "o1", undefined);
  await rig.pass(5);
  assert.deepEqual(rig.logged("no-origin"), [["warn", "no-origin"]]);
  rig.network.disconnect();
  await rig.pass(60);
  assert.deepEqual(client.delivered, []);
  rig.network.connect();
  await rig.pass(9);
  assert.deepEqual(client.delivered, []);
  await rig.pass(2);
  assert.deepEqual(client.delivered, [
    { type: "close", closeCode: 1013, closeReason: "overload" },
  ]);
});

test("who is new goes past an origin that has all it may be sent", async () => {
  const rig = await new Rig({ windowBytesMax: 2_000, rebalance: false }).start("o1", "o2");
  const [full, free] = rig.origins as [SimulatedOrigin, SimulatedOrigin];
  for (let round = 0; round < 100; round++) {
    assert.equal(await rig.handshake(), "welcome");
    rig.node.connect().cut();
    await rig.handle(free);
  }
  // What it may be sent, and the one connection that passes it.
  assert.ok(full.inbox.length < 60, `${full.inbox.length}`);
  assert.ok(free.handled.length > 100, `${free.handled.length}`);
});

test("replies to an origin that confirms nothing are dropped at last, and counted", async () => {
  const rig = await new Rig({ windowBytesMax: 2_000 }).start("o1");
  for (let round = 0; round < 500; round++) {
    rig.broker.command("default", "o1", undefined, encode([["query", "@all", { ref: round }]]));
    await settled();
  }
  assert.ok(rig.node.errors("reply-dropped") > 100);
  assert.ok(rig.node.metrics.value("wss_event_window_bytes")! < 5_000);
});

test("an origin that the broker refuses loses its connections until it is let again", async () => {
  const rig = await new Rig({ rebalance: false }).start("o1", "o2");
  const [one, two] = rig.origins as [SimulatedOrigin, SimulatedOrigin];
  rig.network.refuse("o1", true);
  const clients = Array.from({ length: 20 }, () => rig.node.connect());
  for (const client of clients) client.receive("a");
  await rig.handle(two);
  const before = two.handled.length;
  assert.ok(before > 0 && before < 40, `${before} of two origins' share`);
  await rig.pass(1);
  for (const client of clients) client.receive("b");
  await rig.handle(two);
  assert.deepEqual(handled(one), []);
  for (const client of clients) {
    const seqs = two.handled.filter(([, id]) => id === idOf(client)).map(([, , seq]) => seq);
    assert.deepEqual(seqs, [0, 1, 2]);
  }
  assert.deepEqual(rig.logged("origin-publish-refused"), [["error", "publish-refused"]]);
  assert.ok(rig.node.errors("publish-refused") > 0);
  await rig.pass(60);
  assert.equal(rig.logged("origin-joined").length, 2, "its heartbeats do not bring it back");
  const asked = rig.node.errors("publish-refused");
  await rig.pass(300);
  assert.equal(rig.node.errors("publish-refused") - asked, 10, "it is asked for every 30 s");
  rig.network.refuse("o1", false);
  await rig.pass(30);
  assert.equal(rig.logged("origin-joined").length, 3);
  for (let client = 0; client < 20; client++) rig.node.connect();
  await rig.handle(one, two);
  assert.ok(handled(one).length > 0);
});

test("where the broker refuses the only origin, clients are told as with none", async () => {
  const rig = await new Rig().start("o1");
  rig.network.refuse("o1", true);
  const client = rig.node.connect();
  await rig.pass(5);
  assert.deepEqual(closes(client), []);
  await rig.pass(7);
  assert.deepEqual(closes(client), [1013]);
  assert.equal(await rig.handshake(), "503 no-origin");
  rig.network.refuse("o1", false);
  await rig.pass(30);
  assert.equal(await rig.handshake(), "welcome");
  await rig.handle(...rig.origins);
  assert.deepEqual(handled(...rig.origins), ["open 0", "close 1"]);
});

test("a refused origin without heartbeats is forgotten, and its missing rule", async () => {
  const rig = await new Rig().start("o1");
  rig.network.refuse("o1", true);
  rig.node.connect();
  await rig.pass(12);
  assert.match(rig.node.gateway.readiness().reasons.join(), /simulated/);
  rig.origins.length = 0;
  await rig.pass(12);
  assert.doesNotMatch(rig.node.gateway.readiness().reasons.join(), /simulated/);
});

test("a refused origin that goes while it is asked for stays gone", async () => {
  const rig = await new Rig().start("o1");
  const [origin] = rig.origins as [SimulatedOrigin];
  rig.network.refuse("o1", true);
  rig.node.connect();
  await rig.pass(2);
  rig.clock.stall(30_000);
  // The broker takes the question, and the origin is gone before it says so.
  rig.network.refuse("o1", false);
  rig.network.announce(origin, rig.clock.now());
  rig.network.listener.origin("default", "o1", undefined);
  while (rig.network.underWay > 0) rig.network.deliver();
  assert.equal(rig.logged("origin-joined").length, 1);
  await rig.rest();
  assert.equal(rig.logged("origin-joined").length, 2);
});

test("what was published in vain in open mode is counted and logged", async () => {
  const rig = await new Rig({ mode: "open" }).start();
  rig.network.refuse(undefined, true);
  rig.node.connect();
  await rig.rest();
  assert.equal(rig.node.errors("publish-refused"), 1);
  // Held by the channel while the broker came back with a smaller limit.
  rig.network.refused.set(undefined, new ServiceError("batch-too-big", "simulated"));
  rig.node.connect();
  await rig.rest();
  assert.equal(rig.node.errors("batch-too-big"), 1);
  assert.deepEqual(rig.logged("events-lost"), [
    ["error", "publish-refused"],
    ["error", "batch-too-big"],
  ]);
});

test("an `open` that fits no packet closes its connection; a `reply` is logged", async () => {
  const rig = await new Rig().start("o1");
  const [origin] = rig.origins as [SimulatedOrigin];
  rig.network.batchBytesMax = 600;
  const info = { path: "x".repeat(600) };
  const answer = { accepted: true, app: "default", deflate: false, info } as const;
  const client = rig.node.open({ ...answer, subprotocol: undefined });
  await rig.handle(origin);
  assert.deepEqual(closes(client), [1009]);
  await rig.handle(origin);
  assert.deepEqual(handled(origin), ["close 1"]);
  rig.network.command("o1", ["send", "n.gone", "x", { ref: "r".repeat(700) }]);
  await rig.handle(origin);
  assert.equal(rig.node.errors("batch-too-big"), 2);
  const told = rig.node.logger
    .of("event-unfit")
    .map(({ fields }) => [fields.code, fields.verb, fields.bytesMax]);
  assert.deepEqual(told, [
    ["batch-too-big", "open", 600],
    ["batch-too-big", "reply", 600],
  ]);
});

test("without an origin the node is not ready after the wait, clients or not", async () => {
  const rig = await new Rig({ originWaitMs: 10_000 }).start();
  const state = async (): Promise<unknown[]> => {
    return [rig.node.gateway.readiness().reasons.join(), await rig.handshake()];
  };
  await rig.pass(9);
  // Time without the broker does not count, as no origin can announce itself then.
  rig.network.disconnect();
  await rig.pass(20);
  rig.network.connect();
  await rig.pass(9);
  assert.deepEqual(await state(), ["", "welcome"]);
  await rig.pass(1);
  assert.deepEqual(await state(), ["no origin", "503 no-origin"]);
  assert.equal(rig.logged("no-origin").length, 1);
  await rig.join("o1");
  assert.deepEqual(await state(), ["", "welcome"]);
  rig.kill(rig.origins[0]!);
  rig.origins.length = 0;
  await rig.pass(9);
  assert.deepEqual(await state(), ["", "welcome"]);
  await rig.pass(4);
  assert.deepEqual(await state(), ["no origin", "503 no-origin"]);
});

test("a client that was accepted within the wait, and comes after it, is closed", async () => {
  const rig = await new Rig({ originWaitMs: 10_000 }).start();
  await rig.pass(9);
  const admission = await rig.node.handshake("/");
  assert.ok(admission.accepted);
  await rig.pass(2);
  const client = rig.node.open(admission);
  await rig.pass(1);
  assert.deepEqual(closes(client), [1013]);
  assert.equal(rig.node.gateway.connections, 0);
});

for (const authorize of ["none", "origin"] as const) {
  test(`auto says now and then why it turns handshakes away: ${authorize}`, async () => {
    const rig = await new Rig({ mode: "auto", authorize }).start("o1");
    const hints = (): number => rig.logged("no-origin-hint").length;
    rig.node.connect();
    rig.kill(rig.origins[0]!);
    await rig.pass(15);
    for (let round = 0; round < 5; round++) assert.equal(await rig.handshake(), "503 no-origin");
    assert.equal(hints(), 1);
    const [line] = rig.node.logger.of("no-origin-hint");
    assert.match(line!.message, /an origin announced itself earlier.*--origin-mode open/);
    await rig.pass(50);
    await rig.handshake();
    assert.equal(hints(), 1);
    await rig.pass(10);
    await rig.handshake();
    assert.equal(hints(), 2);
  });
}

test("mode assigned waits for origins from the start, and gives no such hint", async () => {
  const rig = await new Rig({ originWaitMs: 1_000 }).start();
  rig.node.connect();
  await rig.pass(2);
  assert.equal(await rig.handshake(), "503 no-origin");
  assert.deepEqual(rig.logged("no-origin-hint"), []);
});
