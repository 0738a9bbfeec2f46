import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { limits } from "../../../core/base/mod.ts";
import { MessageKind } from "../../../core/ports/mod.ts";
import {
  grantOfQuery,
  type Item,
  idOf,
  messagesOf,
  settled,
} from "../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../support/memory-node/node-rig.ts";

const routes = [
  { pattern: "/chat/:room", app: "chat" },
  { pattern: "/shop/*", app: "shop" },
];

class Rig extends NodeRig {
  /** Commands of an app's origin by every way there is. */
  async try(app: string, ...items: readonly Item[]): Promise<void> {
    const { broker, node } = this;
    const batch = encode(items);
    for (const way of [
      () => node.local(items, app),
      () => broker.command(app, "o", "n", batch),
      () => broker.command(app, "o", undefined, batch),
      () => broker.groupCommand(app, "o", "@all", batch),
      () => broker.groupCommand(app, "o", "room", batch),
    ]) {
      way();
      await this.rest();
    }
  }
}

async function start(authorize: "none" | "origin" | "jwt" = "none"): Promise<Rig> {
  const rig = new Rig({ routes, authorize }, { authorize: grantOfQuery });
  await rig.node.gateway.start();
  return rig;
}

test("each app has gauges of its own, from the start", async () => {
  const { node } = await start();
  const names = ["origins", "app_connections", "app_connections_opened_total", "app_groups"];
  const of = (app: string): string =>
    names.map((name) => node.metrics.value(`wss_${name}`, { app })).join();
  assert.deepEqual([of("chat"), of("shop")], ["0,0,0,0", "0,0,0,0"]);
  const sockets = [node.connect("shop"), node.connect("shop"), node.connect("chat")];
  node.local([["join", idOf(sockets[0]!), "room"]], "shop");
  await settled();
  sockets[1]!.clientCloses(1000, "");
  assert.deepEqual([of("chat"), of("shop")], ["0,1,1,0", "0,1,2,1"]);
  const window = (app: string) => node.metrics.value("wss_app_event_window_bytes", { app }) ?? 0;
  assert.ok(window("chat") > 0 && window("shop") > window("chat"));
  assert.equal(window("chat") + window("shop"), node.metrics.value("wss_event_window_bytes"));
});

test("messages are counted by app, in and out, to one and to a group", async () => {
  const { node } = await start();
  const counted = (app: string): string =>
    ["received", "sent"]
      .map((way) => node.metrics.value(`wss_app_messages_${way}_total`, { app }))
      .join();
  assert.deepEqual([counted("chat"), counted("shop")], ["0,0", "0,0"]);
  const [one, two, other] = [node.connect("chat"), node.connect("chat"), node.connect("shop")];
  one.receive("a");
  two.receive(Uint8Array.of(1));
  other.receive("b");
  node.local([["send", idOf(one), "c"]], "chat");
  node.local([["publish", "@all", "d"]], "chat");
  await settled();
  assert.deepEqual([counted("chat"), counted("shop")], ["2,3", "1,0"]);
});

test("apps past a number share the series of one label", async () => {
  const count = limits.appsLabelledMax + 2;
  const many = Array.from({ length: count }, (_, at) => ({ pattern: `/${at}`, app: `a${at}` }));
  const { node } = new NodeRig({ routes: many });
  const connections = (app: string): (number | undefined)[] =>
    ["", "_opened_total"].map((of) => node.metrics.value(`wss_app_connections${of}`, { app }));
  await node.gateway.start();
  for (const back of [0, 1, 1, 2, 2, 2]) node.connect(`a${count - 1 - back}`);
  assert.deepEqual(connections("_other"), [3, 3]);
  assert.deepEqual(connections(`a${count - 3}`), [3, 3]);
  assert.deepEqual(connections(`a${count - 1}`), [undefined, undefined]);
});

test("an app's commands reach no connection, group or user of another app", async () => {
  const rig = await start("jwt");
  const { node, broker, clock, published: events } = rig;
  const query = encodeURIComponent(JSON.stringify({ user: "ann", groups: ["room"], state: 1 }));
  const [chat, shop] = [
    await node.handshake(`/chat/a?${query}`),
    await node.handshake(`/shop/a?${query}`),
  ];
  assert.ok(chat.accepted && shop.accepted);
  const [ours, theirs] = [node.open(chat), node.open(shop)];
  const id = idOf(theirs);
  const end = clock.now() + 1;
  for (const group of ["@all", "room", "@user/ann"]) {
    await rig.try("chat", ["publish", group, group, { ref: group, except: [id] }]);
    broker.groupMessage({
      app: "chat",
      group,
      kind: MessageKind.text,
      payload: new TextEncoder().encode(`raw ${group}`),
    });
    await settled();
  }
  await rig.try("chat", ["send", id, "x", { ref: "send" }]);
  await rig.try("chat", ["join", id, "another", { ref: "join" }]);
  await rig.try("chat", ["leave", id, "room", { ref: "leave" }]);
  await rig.try("chat", ["state", id, 2, { ref: "state" }]);
  await rig.try("chat", ["renew", id, end, { ref: "renew" }]);
  await rig.try("chat", ["query", [id], { ref: "query" }]);
  await rig.try("chat", ["close", id, 4_000, "", { ref: "close" }]);
  clock.advance(10_000);
  await settled();
  assert.deepEqual(theirs.delivered, []);
  // By each of the five ways; on a group's topic only to that group, and the raw message.
  const [all, room, ann] = ["@all", "room", "@user/ann"].map(
    (group) => messagesOf(ours).filter((data) => String(data).endsWith(group)).length,
  );
  assert.deepEqual([all, room, ann], [5, 5, 4]);
  const told = (ref: string): unknown[] =>
    events.flatMap(([, app, verb, r, result]) =>
      verb === "reply" && r === ref ? [[app, result]] : [],
    );
  // On the topics of groups only these may be published to or asked for.
  const elsewhere = Array(2).fill(["chat", { node: "n", error: "group-name" }]);
  for (const ref of ["send", "join", "leave", "state", "renew", "close"]) {
    const gone = Array(3).fill(["chat", { [id]: "gone" }]);
    assert.deepEqual(told(ref), [...gone, ...elsewhere], ref);
  }
  const nobody = { node: "n", count: 0, gone: [id], connections: [] };
  assert.deepEqual(told("query"), [...Array(3).fill(["chat", nobody]), ...elsewhere]);
  assert.deepEqual([...node.bus.joined].sort(), [
    "chat/@user/ann",
    "chat/room",
    "shop/@user/ann",
    "shop/room",
  ]);
  await rig.try("shop", ["publish", "room", "still a member"]);
  assert.equal(messagesOf(theirs).length, 4);
  assert.equal(messagesOf(ours).includes("still a member"), false);
  theirs.receive("with its own state");
  clock.turn();
  await settled();
  const message = events.find(([, , verb]) => verb === "message");
  assert.deepEqual(message, ["n", "shop", "message", id, 1, "with its own state", 1]);
});

test("an app's origin decides over no handshake of another app", async () => {
  const rig = await start("origin");
  const { node, clock, published: events } = rig;
  const answer = node.handshake("/shop/a");
  clock.turn();
  await settled();
  const [, app, verb, id] = events[0] ?? [];
  assert.deepEqual([app, verb], ["shop", "connect"]);
  await rig.try("chat", ["accept", id, { user: "mallory", ref: 1 }]);
  await rig.try("chat", ["reject", id, 403, "no", { ref: 2 }]);
  assert.equal(node.waiting, 1, "it waits as before");
  const gone = events
    .filter(([, , verb]) => verb === "reply")
    .map(([, app, , , result]) => {
      return [app, (result as Record<string, unknown>)[id as string]];
    });
  // By three ways each; a group's topic is for no such command.
  const found = gone.filter(([, outcome]) => outcome !== undefined);
  assert.deepEqual(found, Array(6).fill(["chat", "handshake-gone"]));
  await rig.try("shop", ["accept", id, { user: "ann" }]);
  const admission = await answer;
  assert.ok(admission.accepted);
  assert.equal(admission.info.user, "ann");
});

test("an app's events and numbers of connections are its own", async () => {
  const { node, broker, clock, published: events } = await start();
  const [one, two] = [node.connect("chat"), node.connect("shop")];
  one.receive("to chat");
  two.receive("to shop");
  clock.turn();
  await settled();
  const told = events.map(([, app, verb, id]) => [app, verb, id]);
  assert.deepEqual(told.sort(), [
    ["chat", "message", idOf(one)],
    ["chat", "open", idOf(one)],
    ["shop", "message", idOf(two)],
    ["shop", "open", idOf(two)],
  ]);
  two.clientCloses(1_000, "");
  events.length = 0;
  broker.command("chat", "o", undefined, encode([["query", "@all", { ref: 1, count: true }]]));
  broker.command("shop", "o", undefined, encode([["query", "@all", { ref: 2, count: true }]]));
  broker.command("none", "o", undefined, encode([["query", "@all", { ref: 3, count: true }]]));
  await settled();
  clock.turn();
  await settled();
  const counts = events.filter(([, , verb]) => verb === "reply").map(([, , , ...rest]) => rest);
  assert.deepEqual(
    new Map(counts as [number, unknown][]),
    new Map([
      [1, { node: "n", count: 1 }],
      [2, { node: "n", count: 0 }],
    ]),
  );
});

test("no two apps of a node have a stream of one name", async () => {
  const { broker, node, clock } = await start();
  const streams = new Map<string, string>();
  broker.onEvents(({ destination, batch }) => {
    const [version, stream] = decode(batch) as [unknown, string];
    if (version === 1) streams.set(destination.app, stream);
  });
  for (const app of ["chat", "shop"]) node.connect(app);
  clock.turn();
  await settled();
  assert.equal(streams.size, 2);
  assert.equal(new Set(streams.values()).size, 2);
});
