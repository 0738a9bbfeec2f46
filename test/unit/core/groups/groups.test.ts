import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { MessageKind } from "../../../../core/ports/mod.ts";
import type { MemorySocket } from "../../../support/memory/mod.ts";
import {
  grantOfQuery,
  type Item,
  idOf,
  messagesOf,
} from "../../../support/memory-node/memory-node.ts";
import { ReplyRig } from "../../../support/memory-node/reply-rig.ts";

/** What one command about one connection came to. */
async function outcome(rig: ReplyRig, verb: string, socket: MemorySocket, group: string) {
  const id = idOf(socket);
  const [[, result]] = (await rig.do([verb, id, group, { ref: 1 }])) as [
    [1, Record<string, string>],
  ];
  return result[id];
}

async function withUser(rig: ReplyRig, grant: object): Promise<MemorySocket> {
  const answer = await rig.node.handshake(`/?${encodeURIComponent(JSON.stringify(grant))}`);
  assert.ok(answer.accepted);
  return rig.node.open(answer);
}

test("names: what cannot be a group's, or is the gateway's own, is refused", async () => {
  const rig = await ReplyRig.start();
  const socket = rig.node.connect();
  const names: readonly [name: string, outcome: string][] = [
    ["", "group-name"],
    ["x".repeat(limits.groupBytesMax), "joined"],
    ["x".repeat(limits.groupBytesMax + 1), "group-name"],
    ["ü".repeat(limits.groupBytesMax / 2), "joined"],
    ["ü".repeat(limits.groupBytesMax / 2 + 1), "group-name"],
    ["@all", "group-name"],
    ["@user/ann", "group-name"],
    ["@user/", "group-name"],
    ["@user", "joined"],
    ["@ALL", "joined"],
    ["+/#", "joined"],
    ["__proto__", "joined"],
  ];
  for (const [name, expected] of names) {
    assert.equal(await outcome(rig, "join", socket, name), expected, name);
    const left = expected === "joined" ? "left" : expected;
    assert.equal(await outcome(rig, "leave", socket, name), left, name);
  }
  assert.deepEqual([rig.node.groups, rig.node.bus.joined.size], [0, 0]);
});

test("limit: so many groups for a connection; a user's own does not count", async () => {
  const authorize = grantOfQuery;
  const rig = await ReplyRig.start({ authorize: "jwt", groupsPerConnectionMax: 2 }, { authorize });
  for (const user of [undefined, "ann"]) {
    const socket = await withUser(rig, { user, groups: ["a"] });
    assert.equal(await outcome(rig, "join", socket, "b"), "joined");
    assert.equal(await outcome(rig, "join", socket, "c"), "group-limit");
    assert.equal(await outcome(rig, "join", socket, "a"), "joined", "it is a member");
    assert.equal(await outcome(rig, "leave", socket, "b"), "left");
    assert.equal(await outcome(rig, "leave", socket, "b"), "left");
    assert.equal(await outcome(rig, "join", socket, "c"), "joined");
    assert.equal(rig.node.groups, user === undefined ? 2 : 3);
    await rig.do(["publish", "c", "one", {}], ["publish", "b", "none", {}]);
    assert.deepEqual(messagesOf(socket), ["one"], "a member once");
    socket.cut();
    assert.equal(rig.node.groups, 0);
  }
});

test("who joins while the broker is away is answered when it is back", async () => {
  const rig = await ReplyRig.start();
  const [one, two] = [rig.node.connect(), rig.node.connect()];
  rig.broker.refusedGroups.add("default/never");
  rig.broker.up = false;
  const ids = [idOf(one), idOf(two)];
  const joins: Item[] = [
    ["join", ids, "g", { ref: "g" }],
    ["join", ids, "never", { ref: "never" }],
    ["join", ids[0], "left", { ref: "left" }],
    ["leave", ids[0], "left"],
  ];
  await rig.do(...joins);
  assert.equal(rig.node.groups, 2);
  await rig.do(["publish", "g", "here already"]);
  assert.deepEqual([one, two].map(messagesOf), [["here already"], ["here already"]]);
  rig.broker.up = true;
  const told = new Map((await rig.replies()) as [string, Record<string, string>][]);
  assert.deepEqual(Object.values(told.get("g") ?? {}), ["joined", "joined"]);
  assert.deepEqual(Object.values(told.get("never") ?? {}), ["group-refused", "group-refused"]);
  assert.deepEqual(Object.values(told.get("left") ?? {}), ["left"]);
  assert.deepEqual([...rig.node.bus.joined], ["default/g"]);
  await rig.do(["publish", "never", "x"]);
  assert.equal(messagesOf(one).length, 1);
});

test("who has gone while its join waited is no member: gone", async () => {
  const rig = await ReplyRig.start();
  const [stays, leaves, alone] = [rig.node.connect(), rig.node.connect(), rig.node.connect()];
  rig.broker.up = false;
  const ids = [stays, leaves].map(idOf) as [string, string];
  await rig.do(["join", ids, "g", { ref: 1 }], ["join", idOf(alone), "h", { ref: 2 }]);
  leaves.cut();
  alone.clientCloses(1_000, "");
  rig.broker.up = true;
  const told = new Map((await rig.replies()) as [number, unknown][]);
  assert.deepEqual(told.get(1), { [ids[0]]: "joined", [ids[1]]: "gone" });
  assert.deepEqual(told.get(2), { [idOf(alone)]: "gone" });
  assert.deepEqual([...rig.node.bus.joined], ["default/g"]);
});

test("a bus that is stopped makes nobody a member", async () => {
  const rig = await ReplyRig.start();
  const socket = rig.node.connect();
  await rig.node.bus.stop();
  assert.equal(await outcome(rig, "join", socket, "g"), "broker-lost");
  assert.equal(rig.node.groups, 0);
  await rig.do(["publish", "g", "x"]);
  assert.deepEqual(messagesOf(socket), []);
});

test("raw messages: text has to be UTF-8, binary is anything", async () => {
  const rig = await ReplyRig.start();
  const socket = rig.node.connect();
  await rig.do(["join", idOf(socket), "g"]);
  const payload = Uint8Array.of(0x68, 0xff);
  const message = { app: "default", group: "g", payload };
  rig.broker.groupMessage({ ...message, kind: MessageKind.text });
  rig.broker.groupMessage({ ...message, kind: MessageKind.binary });
  rig.broker.groupMessage({ ...message, kind: MessageKind.text, payload: new Uint8Array(0) });
  await rig.replies();
  assert.deepEqual(messagesOf(socket), [payload, ""]);
  assert.equal(rig.node.errors("message-not-utf8"), 1);
  assert.equal(rig.node.metrics.value("wss_group_messages_total"), 2);
});
