import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { AddressHandshakes } from "../../../../core/handshake/address-handshakes.ts";
import { readAccept, readReject } from "../../../../core/handshake/authorize-reply.ts";
import { busAway, channelAway, ReadinessWatch } from "../../../../core/handshake/readiness.ts";
import type { HandshakeApp } from "../../../../core/handshake/reservations.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { HandshakeRig } from "../../../support/memory-node/handshake-rig.ts";
import { smallOptions } from "../../../vectors/codecs.ts";

test("handshakes of one address: so many wait, whoever waits elsewhere", () => {
  const options = { handshakesPerIpMax: 2, handshakesPerIpPerSecondMax: 0 };
  const addresses = new AddressHandshakes(new ManualClock(), options);
  const begun = ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"].map((address) =>
    addresses.begin(address),
  );
  assert.deepEqual(begun, [undefined, undefined, "handshakes-per-ip", undefined]);
  addresses.end("192.0.2.1");
  assert.equal(addresses.begin("192.0.2.1"), undefined);
  assert.equal(addresses.waiting("192.0.2.1"), 2);
  // Whoever has one address of such a network has all of them.
  assert.deepEqual(
    ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map((address) => addresses.begin(address)),
    [undefined, undefined, "handshakes-per-ip"],
  );
});

test("handshakes of one address: so many begin in a second, though none waits", () => {
  const clock = new ManualClock();
  const options = { handshakesPerIpMax: 0, handshakesPerIpPerSecondMax: 3 };
  const addresses = new AddressHandshakes(clock, options);
  const begin = (address: string): unknown => {
    const code = addresses.begin(address);
    if (code === undefined) addresses.end(address);
    return code;
  };
  const rate = "handshake-rate";
  const all = ["a", "a", "a", "a", "b"].map(begin);
  assert.deepEqual(all, [undefined, undefined, undefined, rate, undefined]);
  clock.advance(999);
  assert.equal(begin("a"), rate);
  clock.advance(1);
  assert.equal(begin("a"), undefined);
  assert.equal(addresses.waiting("a"), 0);
});

test("a flood of handshakes from one address is refused with 429, and counted", async () => {
  const rig = await HandshakeRig.start({
    handshakesPerIpMax: 3,
    handshakesPerIpPerSecondMax: 4,
  });
  const first = [await rig.ask(), await rig.ask(), await rig.ask()];
  assert.equal(rig.refusal(await rig.ask()), "429 handshakes-per-ip");
  await rig.decide(...rig.asked().map((id): [string, string, number] => ["reject", id, 403]));
  for (const index of first) assert.equal(rig.refusal(index), "403 handshake-rejected");
  const waits = await rig.ask();
  assert.equal(rig.answers[waits], undefined);
  assert.equal(rig.refusal(await rig.ask()), "429 handshake-rate");
  assert.equal(rig.node.errors("handshake-rate"), 1);
  await rig.wait(5_000);
  rig.isEmpty();
});

test("who waits counts for the connections of its address", async () => {
  const rig = await HandshakeRig.start({ guard: { connectionsPerIpMax: 2 } });
  const index = await rig.ask();
  await rig.decide(["accept", rig.asked()[0], {}]);
  const socket = rig.open(index);
  await rig.ask();
  assert.equal(rig.refusal(await rig.ask()), "503 connections-per-ip");
  socket.cut();
  await rig.wait(5_000);
  rig.isEmpty();
});

interface Router {
  refusal?: "no-origin" | "window-full" | undefined;
  hasOrigin?: boolean;
  noSubscribers?: boolean;
  connectsFull?: boolean;
}

function watch(
  routers: readonly Router[],
  { authorizedByOrigin = false, refusals = [] as string[] } = {},
  clock: ManualClock = new ManualClock(),
): ReadinessWatch {
  const apps = routers.map((router) => {
    const usual = { hasOrigin: true, noSubscribers: false, connectsFull: false };
    return { router: { missingRights: [], ...usual, ...router } } as unknown as HandshakeApp;
  });
  const options = { authorizedByOrigin, unreadyAfterMs: 30_000, refusals: () => refusals };
  const made = new ReadinessWatch(clock, apps, options);
  for (const reason of [busAway, channelAway]) made.link(reason, true);
  return made;
}

const cases: readonly [string, Router[], Parameters<typeof watch>[1], string[]][] = [
  ["nothing is wrong", [{}, {}], {}, []],
  ["one app of two has a full window", [{ refusal: "window-full" }, {}], {}, []],
  ["every window is full", [{ refusal: "window-full" }], {}, ["event window full"]],
  ["no app has an origin", [{ refusal: "no-origin" }], {}, ["no origin"]],
  [
    "one app has no origin, the other's window is full",
    [{ refusal: "no-origin" }, { refusal: "window-full" }],
    {},
    ["no origin"],
  ],
  ["one app has no origin, the other works", [{ refusal: "no-origin" }, {}], {}, []],
  [
    "origins have as many handshakes as they may",
    [{ connectsFull: true }],
    { authorizedByOrigin: true },
    ["too many handshakes wait for an origin"],
  ],
  [
    "one of two apps takes handshakes",
    [{ connectsFull: true }, {}],
    { authorizedByOrigin: true },
    [],
  ],
  ["nobody asks an origin", [{ connectsFull: true }], {}, []],
  [
    "the node is full, and says it once",
    [{ connectsFull: true }],
    { authorizedByOrigin: true, refusals: ["too many handshakes wait for an origin", "full"] },
    ["too many handshakes wait for an origin", "full"],
  ],
];

for (const [says, routers, options, reasons] of cases) {
  test(`readiness: ${says}`, () => {
    const read = watch(routers, options).read();
    assert.deepEqual(read, { ready: reasons.length === 0, reasons });
  });
}

test("readiness: a lost link is the reason for a full window, at once", () => {
  const watched = watch([{ refusal: "window-full" }]);
  watched.link(busAway, false);
  assert.deepEqual(watched.read().reasons, [busAway]);
});

test("readiness: an outage counts from its begin, the clock may be set; a drain at once", () => {
  for (const set of [0, 3_600_000, -3_600_000]) {
    const clock = new ManualClock();
    const watched = watch([{}], {}, clock);
    watched.link(busAway, false);
    clock.set(set);
    clock.advance(20_000);
    // The link tried once more, in vain.
    watched.link(busAway, false);
    clock.advance(9_999);
    assert.deepEqual(watched.read().reasons, [], `${set}`);
    clock.advance(1);
    assert.deepEqual(watched.read().reasons, [busAway], `${set}`);
    watched.link(busAway, true);
    assert.deepEqual(watched.read().reasons, []);
    watched.draining = true;
    assert.deepEqual(watched.read(), { ready: false, reasons: ["draining"] });
  }
});

const codec = createReferenceCodec(smallOptions);
const accept = (value: unknown, offered: string[] = ["v1"]): unknown =>
  readAccept(value, offered, codec.values);

test("an accept without anything grants nothing", () => {
  const grant = { user: undefined, groups: [], state: undefined, expiresAt: undefined };
  const nothing = { accepted: true, grant, subprotocol: undefined, headers: {} };
  for (const value of [undefined, null, {}, { user: null, state: null, expires: null }]) {
    assert.deepEqual(accept(value), nothing);
  }
});

test("an accept grants what it says", () => {
  assert.deepEqual(
    accept({
      subprotocol: "v1",
      user: "ann",
      groups: ["a", "b", "a"],
      state: { n: 1 },
      headers: { "X-A": "b\t c" },
      expires: 1_700_000_000_000,
      later: "what this version does not know",
    }),
    {
      accepted: true,
      grant: { user: "ann", groups: ["a", "b"], state: { n: 1 }, expiresAt: 1_700_000_000_000 },
      subprotocol: "v1",
      headers: { "x-a": "b\t c" },
    },
  );
  assert.deepEqual((accept({ state: 0 }) as { grant: { state: unknown } }).grant.state, 0);
});

const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`x-${i}`, ""]));
const wrong: readonly [value: unknown, code: string][] = [
  [[], "handshake-grant"],
  ["x", "handshake-grant"],
  [{ subprotocol: "v2" }, "handshake-subprotocol"],
  [{ subprotocol: 1 }, "handshake-grant"],
  [{ user: 7 }, "handshake-grant"],
  [{ user: "" }, "handshake-grant"],
  [{ user: "x".repeat(limits.userBytesMax + 1) }, "handshake-grant"],
  [{ groups: "a" }, "handshake-grant"],
  [{ groups: [1] }, "group-name"],
  [{ groups: ["@all"] }, "group-name"],
  [{ groups: ["@user/x"] }, "group-name"],
  [{ expires: -1 }, "handshake-grant"],
  [{ expires: Number.NaN }, "handshake-grant"],
  [{ expires: "tomorrow" }, "handshake-grant"],
  [{ state: "x".repeat(limits.stateBytesMax) }, "state-too-big"],
  [{ headers: [] }, "handshake-grant"],
  [{ headers: { "a b": "c" } }, "handshake-grant"],
  [{ headers: { a: 1 } }, "handshake-grant"],
  [{ headers: { a: "b\nc" } }, "handshake-grant"],
  [{ headers: { a: "b\0" } }, "handshake-grant"],
  [{ headers: { a: "ü" } }, "handshake-grant"],
  [{ headers: { Connection: "close" } }, "handshake-grant"],
  [{ headers: { "Content-Length": "0" } }, "handshake-grant"],
  [{ headers: { "sec-websocket-extensions": "x" } }, "handshake-grant"],
  [{ headers: { a: "x".repeat(limits.answerHeaderBytesMax) } }, "handshake-grant"],
  [{ headers: many }, "handshake-grant"],
];
test("an accept that cannot be meant is told by its code", () => {
  for (const [value, code] of wrong) assert.equal(accept(value), code, JSON.stringify(value));
});

test("a reject is any HTTP answer that is no success", () => {
  const text = { "content-type": "text/plain; charset=utf-8" };
  const answer = { accepted: false, errorCode: "handshake-rejected" };
  assert.deepEqual(readReject(403, "no", {}), {
    ...answer,
    statusCode: 403,
    headers: text,
    body: "no",
  });
  const bytes = new Uint8Array([1]);
  assert.deepEqual(readReject(302, bytes, { headers: { Location: "/in" } }), {
    ...answer,
    statusCode: 302,
    body: bytes,
    headers: { "content-type": "application/octet-stream", location: "/in" },
  });
  for (const status of [0, 101, 200, 299, 304, 600, 403.5, "403", null]) {
    assert.equal(readReject(status, "", {}), "handshake-grant", String(status));
  }
  assert.equal(readReject(403, "x".repeat(limits.answerBodyBytesMax + 1), {}), "handshake-grant");
  assert.equal(readReject(403, "", { headers: { upgrade: "x" } }), "handshake-grant");
});
