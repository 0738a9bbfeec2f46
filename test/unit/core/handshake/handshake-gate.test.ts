import assert from "node:assert/strict";
import { test } from "node:test";
import type { App } from "../../../../core/app.ts";
import { limits, ServiceError } from "../../../../core/base/mod.ts";
import { Reservation } from "../../../../core/handshake/reservations.ts";
import { WaitingHandshakes } from "../../../../core/handshake/waiting-handshakes.ts";
import type { EventChannel } from "../../../../core/ports/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { HandshakeRig } from "../../../support/memory-node/handshake-rig.ts";
import { type Item, idOf, upgradeRequest } from "../../../support/memory-node/memory-node.ts";
import { codecMakers } from "../../../vectors/codecs.ts";

for (const [name, codec] of codecMakers) {
  test(`accept: the client comes in with what it was granted (${name})`, async () => {
    const rig = await HandshakeRig.start({ subprotocols: ["a"] }, { codec });
    const index = await rig.ask({ "sec-websocket-protocol": "b, a" });
    const [[id, request]] = rig.told("connect") as [[string, Record<string, unknown>]];
    assert.deepEqual(
      [request.subprotocols, request.subprotocol, request.timeout],
      [["b", "a"], undefined, 5_000],
    );
    const grant = { subprotocol: "b", user: "ann", groups: ["room"], state: { seat: 7 } };
    await rig.decide(["accept", id, { ...grant, headers: { "X-Seat": "7" }, ref: 1 }]);
    const answer = rig.answers[index];
    assert.ok(answer?.accepted);
    assert.equal(answer.subprotocol, "b");
    assert.deepEqual(answer.headers, { "x-seat": "7" });
    assert.deepEqual([...rig.node.bus.joined].sort(), ["default/@user/ann", "default/room"]);
    const socket = rig.open(index);
    assert.equal(idOf(socket), id, "the id that connect named");
    socket.receive("hi");
    await rig.rest();
    assert.deepEqual(rig.told("reply"), [[1, { [id]: "accepted" }]]);
    const [[, seq, info]] = rig.told("open") as [[string, number, Record<string, unknown>]];
    const { subprotocol, user, state, at } = info;
    assert.deepEqual(
      [seq, subprotocol, user, state, at],
      [0, "b", "ann", { seat: 7 }, rig.clock.now()],
    );
    assert.deepEqual(rig.told("message"), [[id, 1, "hi", { seat: 7 }]]);
    await rig.decide(["publish", "room", "1"], ["publish", "@user/ann", "2"]);
    const found = socket.delivered.map((one) => one.type === "message" && one.data);
    assert.deepEqual(found, ["1", "2"]);
    socket.clientCloses(1_000, "");
    rig.isEmpty();
  });
}

test("reject: status, headers and body reach the client", async () => {
  const rig = await HandshakeRig.start();
  const index = await rig.ask();
  const [id] = rig.asked() as [string];
  await rig.decide(["reject", id, 403, "not you", { headers: { "x-why": "1" }, ref: 1 }]);
  assert.deepEqual(rig.answers[index], {
    accepted: false,
    errorCode: "handshake-rejected",
    statusCode: 403,
    body: "not you",
    headers: { "content-type": "text/plain; charset=utf-8", "x-why": "1" },
  });
  assert.deepEqual(rig.told("reply"), [[1, { [id]: "rejected" }]]);
  rig.isEmpty();
});

test("an answer that comes late or twice is told so, with and without a ref", async () => {
  const rig = await HandshakeRig.start({ authorizeTimeoutMs: 1_000 });
  const [late, twice] = [await rig.ask(), await rig.ask()];
  const [one, two] = rig.asked() as [string, string];
  await rig.decide(["accept", two, {}], ["accept", two, { user: "other" }], ["reject", two, 403]);
  await rig.wait(999);
  assert.equal(rig.answers[late], undefined);
  await rig.wait(1);
  assert.equal(rig.refusal(late), "504 authorize-timeout");
  await rig.decide(["accept", one, { groups: ["g"], ref: 7 }], ["reject", "n.unknown", 403]);
  const gone = "handshake-gone";
  assert.deepEqual(rig.told("reply"), [
    [null, { [two]: gone }],
    [null, { [two]: gone }],
    [7, { [one]: gone }],
    [null, { "n.unknown": "id-malformed" }],
  ]);
  assert.equal(rig.node.errors(gone), 3);
  const socket = rig.open(twice);
  assert.equal((rig.answers[twice] as { info: { user?: string } }).info.user, undefined);
  socket.cut();
  rig.isEmpty();
});

test("a decision that is none ends in 500, and the origin is told its code", async () => {
  const rig = await HandshakeRig.start({ groupsPerConnectionMax: 2 });
  const wrong: readonly [code: string, item: (id: string) => Item][] = [
    ["handshake-subprotocol", (id) => ["accept", id, { subprotocol: "never-offered" }]],
    ["handshake-grant", (id) => ["accept", id, { user: 7 }]],
    ["group-name", (id) => ["accept", id, { groups: ["@all"] }]],
    ["state-too-big", (id) => ["accept", id, { state: "x".repeat(5_000) }]],
    ["handshake-grant", (id) => ["reject", id, 200, "fine"]],
  ];
  for (const [code, item] of wrong) {
    const index = await rig.ask();
    const id = rig.asked().at(-1) as string;
    await rig.decide(item(id));
    assert.equal(rig.refusal(index), `500 ${code}`);
    assert.deepEqual(rig.told("reply").at(-1), [null, { [id]: code }]);
  }
  const index = await rig.ask();
  await rig.decide(["accept", rig.asked().at(-1), { groups: ["a", "b", "c"] }]);
  assert.equal(rig.refusal(index), "500 group-limit");
  rig.isEmpty();
});

test("no origin: refused at once, where it is known and where the broker says so", async () => {
  const assigned = await HandshakeRig.start({ mode: "assigned" });
  const index = await assigned.ask();
  assert.equal(assigned.refusal(index), "503 no-origin");
  assigned.isEmpty();
  let nobody = true;
  const channel = (inner: EventChannel): EventChannel => ({
    batchBytesMax: inner.batchBytesMax,
    knowsSubscribers: true,
    start: (listener) => inner.start(listener),
    stop: () => inner.stop(),
    publishAtMostOnce: (...publish) => inner.publishAtMostOnce(...publish),
    publish: (destination, batch, confirmed) =>
      inner.publish(destination, batch, (error) =>
        confirmed(nobody ? new ServiceError("no-subscriber", "nobody") : error),
      ),
  });
  const open = await HandshakeRig.start({}, { channel });
  const [one, two] = [await open.ask(), await open.ask()];
  assert.deepEqual([open.refusal(one), open.refusal(two)], Array(2).fill("503 no-origin"));
  nobody = false;
  const answer = await open.ask();
  assert.equal(open.node.waiting, 1, "the next one may find somebody");
  await open.wait(5_000);
  assert.equal(open.refusal(answer), "504 authorize-timeout");
  open.isEmpty();
});

test("a drain refuses whoever waits: for the origin, the broker or the runtime", async () => {
  const rig = await HandshakeRig.start();
  const waits = await rig.ask();
  const subscribes = await rig.ask();
  const accepted = await rig.ask();
  const [, second, third] = rig.asked() as [string, string, string];
  await rig.decide(["accept", third, { groups: ["x"] }]);
  rig.broker.up = false;
  rig.node.local([["accept", second, { groups: ["y"], user: "u" }]]);
  await rig.rest();
  const drained = rig.node.gateway.drain(0);
  await rig.rest();
  assert.equal(rig.refusal(waits), "503 draining");
  assert.equal(rig.answers[subscribes], undefined);
  rig.broker.up = true;
  await rig.rest();
  assert.equal(rig.refusal(subscribes), "503 draining");
  const late = await rig.ask();
  assert.equal(rig.refusal(late), "503 draining");
  const socket = rig.open(accepted);
  for (let step = 0; step < 3; step++) await rig.wait(50);
  await drained;
  assert.deepEqual(socket.delivered.at(-1), {
    type: "close",
    closeCode: 1_012,
    closeReason: "service restart",
  });
  // The race that bounds the last confirmations is left to its end.
  await rig.wait(limits.shutdownFlushMs);
  rig.isEmpty(0);
});

test("a client that is gone gives its place back, before and after the answer", async () => {
  const rig = await HandshakeRig.start();
  const [one, two] = [await rig.ask(), await rig.ask()];
  const [first, second] = rig.asked() as [string, string];
  await rig.decide(["accept", first, { user: "u", groups: ["g"] }], ["reject", second, 401]);
  const answer = rig.answers[one];
  assert.ok(answer?.accepted);
  assert.equal(rig.node.groups, 2);
  rig.node.gateway.abandon(answer);
  rig.isEmpty();
  rig.node.gateway.abandon(answer);
  assert.equal(rig.node.taken, 0, "given back once");
  assert.equal(rig.refusal(two), "401 handshake-rejected");
  await rig.decide(["accept", first, {}]);
  assert.deepEqual(rig.told("reply"), [[null, { [first]: "handshake-gone" }]]);
  rig.isEmpty();
});

test("a client that leaves while its handshake waits gives its place back at once", async () => {
  const rig = await HandshakeRig.start({ authorizeTimeoutMs: 60_000 });
  let leave = (): void => {};
  const request = {
    ...upgradeRequest("/"),
    onLeft: (left: () => void): void => {
      leave = left;
    },
  };
  const answer = Promise.resolve(rig.node.gateway.handshake(request));
  await rig.rest();
  assert.deepEqual([rig.node.taken, rig.node.waiting], [1, 1]);
  leave();
  leave();
  assert.equal((await answer).accepted, false);
  assert.deepEqual([rig.node.taken, rig.node.waiting], [0, 0]);
  assert.equal(rig.node.errors("handshake-left"), 1);
});

test("a place is kept for a while; who opens later is told to try again", async () => {
  const rig = await HandshakeRig.start();
  const [never, late, intime] = [await rig.ask(), await rig.ask(), await rig.ask()];
  const ids = rig.asked();
  await rig.decide(...ids.map((id): Item => ["accept", id, { user: "u", groups: ["g"] }]));
  await rig.wait(limits.reservationMs - 1);
  const kept = rig.open(intime);
  assert.equal(idOf(kept), ids[intime]);
  assert.deepEqual([rig.node.taken, rig.node.groups], [3, 2]);
  await rig.wait(1);
  assert.deepEqual([rig.node.taken, rig.node.groups], [1, 2]);
  const socket = rig.open(late);
  assert.notEqual(idOf(socket), ids[late]);
  await rig.rest();
  assert.deepEqual(socket.delivered, [
    { type: "close", closeCode: 1_013, closeReason: "handshake-timeout" },
  ]);
  assert.equal(rig.told("close").length, 1);
  const answer = rig.answers[never];
  if (answer?.accepted) rig.node.gateway.abandon(answer);
  assert.equal(rig.node.taken, 1);
  await rig.decide(["publish", "g", "x"]);
  assert.equal(kept.delivered.length, 1);
  kept.cut();
  rig.isEmpty();
});

test("an origin that dies before it has confirmed a connect: another one decides", async () => {
  const rig = await HandshakeRig.start({ mode: "assigned" });
  const presence = { v: 1, incarnation: "i", at: 0, every: 1e9 } as const;
  const connects: [origin: string, id: string][] = [];
  rig.broker.onEvents(({ destination }) => {
    if (!("origin" in destination)) return;
    for (const [, , verb, id] of rig.published.splice(0)) {
      if (verb === "connect") connects.push([destination.origin, id as string]);
    }
  });
  for (const name of ["o1", "o2"]) rig.node.channel.origin("default", name, presence);
  const indexes = [await rig.ask(), await rig.ask(), await rig.ask(), await rig.ask()];
  const before = connects.splice(0);
  assert.equal(before.length, 4);
  const dead = before[0]?.[0] ?? "";
  const alive = dead === "o1" ? "o2" : "o1";
  rig.node.channel.origin("default", dead, undefined);
  await rig.wait(limits.originGraceMs);
  const lost = before.filter(([origin]) => origin === dead);
  assert.deepEqual(
    connects,
    lost.map(([, id]) => [alive, id]),
  );
  await rig.decide(...before.map(([, id]): Item => ["accept", id, { user: id.slice(-4) }]));
  for (const index of indexes) rig.open(index).cut();
  assert.deepEqual(
    [rig.node.taken, rig.node.groups, rig.node.waiting, rig.node.bus.joined.size],
    [0, 0, 0, 0],
  );
});

test("waiting handshakes count as connections", async () => {
  const rig = await HandshakeRig.start({ connectionsMax: 2 });
  const [one] = [await rig.ask(), await rig.ask()];
  const full = await rig.ask();
  assert.equal(rig.refusal(full), "503 connections-full");
  await rig.decide(["accept", rig.asked()[0], {}]);
  const socket = rig.open(one);
  assert.equal(rig.refusal(await rig.ask()), "503 connections-full");
  await rig.decide(["reject", rig.asked()[1], 403]);
  const next = await rig.ask();
  assert.equal(rig.answers[next], undefined, "there is a place again");
  await rig.decide(["reject", rig.asked()[2], 403]);
  socket.cut();
  rig.isEmpty();
});

test("only so many handshakes wait at once", async () => {
  const clock = new ManualClock();
  const window = { connectsFull: false };
  const stream = { appendConnect: () => {}, window, next: 1 };
  const app = { router: { hasOrigin: true, assign: () => stream } } as unknown as App;
  const handshakes = new WaitingHandshakes(clock, 5_000);
  const ask = (slot: number): ReturnType<WaitingHandshakes["ask"]> =>
    handshakes.ask(new Reservation(app, slot, `n.${slot}`), {});
  const max = limits.handshakesWaitingMax;
  const waiting = Array.from({ length: max }, (_, slot) => ask(slot));
  const refused = await ask(max);
  assert.ok(!refused.accepted && refused.errorCode === "authorize-full");
  handshakes.settle("n.0", { accepted: true, grant: {} });
  assert.deepEqual(await waiting[0], { accepted: true, grant: {} });
  waiting[0] = ask(max);
  handshakes.refuseAll();
  for (const answer of await Promise.all(waiting)) {
    assert.ok(!answer.accepted && answer.errorCode === "draining");
  }
  assert.deepEqual([handshakes.waiting, clock.pendingTimers], [0, 0]);
});
