import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { encode } from "@msgpack/msgpack";
import type { Mosquitto } from "../../support/broker/mosquitto.ts";
import {
  ControlRig,
  leave,
  type Member,
  metricOf,
  type RunningGateway,
} from "../../support/gateway/control-rig.ts";
import { anyCombination } from "../../support/gateway/gateway.ts";
import type { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

type Values = Record<string, unknown>;

const run = promisify(execFile);
const skip = skipWithout("mosquitto_pub");

const { runtime, engine } = anyCombination;

describe("groups and queries", () => {
  let rig: ControlRig;
  let gateway: RunningGateway;
  let other: RunningGateway;
  let origin: PlainOrigin;
  let broker: Mosquitto;

  before(async () => {
    rig = await ControlRig.start(runtime, engine);
    ({ gateway, other, origin, broker } = rig);
  });

  after(() => rig.stop());

  it("publishes to a group's members on all nodes, whichever way the command came", async () => {
    const members = await rig.inGroup("café ☕/+#", gateway, gateway, other);
    const [first] = members as [Member, Member, Member];
    const level = "caf%C3%A9%20%E2%98%95%2F%2B%23";
    const publish = ["publish", "café ☕/+#"];
    await origin.publishTo(`groups/${level}/commands/me`, JSON.stringify([[...publish, "1"]]));
    await origin.command(undefined, [...publish, "2"]);
    for (const { client } of members) assert.equal(await client.nextText(), "1");
    for (const { client } of members) assert.equal(await client.nextText(), "2");
    await origin.command(other.info.node, [...publish, "3"]);
    for (const { client } of members) assert.equal(await client.nextText(), "3");
    await origin.command(gateway.info.node, [...publish, "4", { except: first.id }]);
    for (const { client } of members.slice(1)) assert.equal(await client.nextText(), "4");
    await origin.command(undefined, [...publish, "5", { except: [first.id, "nobody"] }]);
    for (const { client } of members.slice(1)) assert.equal(await client.nextText(), "5");
    await origin.publishTo(`groups/${level}/binary`, new Uint8Array([1, 255]));
    for (const { client } of members)
      assert.deepEqual([...(await client.frame()).payload], [1, 255]);
    leave(...members);
    for (const { id } of members) await origin.closeOf(id);
    await waitFor(async () => (await metricOf(gateway, "wss_groups")) === 0, {
      what: "no group",
    });
  });

  it("lets any MQTT device publish to browsers", { skip }, async () => {
    const members = await rig.inGroup("news", gateway, other);
    const to = ["-h", "127.0.0.1", "-p", String(broker.port), "-q", "1"];
    await run("mosquitto_pub", [...to, "-t", "wss/v1/chat/groups/news/text", "-m", "grüße"]);
    for (const { client } of members) assert.equal(await client.nextText(), "grüße");
    await origin.publishTo("groups/news/text", new Uint8Array([0xff, 0xfe]));
    await origin.publishTo("groups/news/text", "after");
    for (const { client } of members) assert.equal(await client.nextText(), "after");
    assert.equal(await metricOf(gateway, 'wss_errors_total{code="message-not-utf8"}'), 1);
    leave(...members);
  });

  it("refuses a message above a queue or max-publish-size, closing nobody", async () => {
    const members = await rig.inGroup("large", gateway, other);
    const [{ id }] = members as [Member, Member];
    const { node } = gateway.info;
    const queue = 65_536;
    const sizes = [
      [queue + 1, "queue-too-small"],
      [98_305, "publish-too-big"],
    ] as const;
    for (const [bytes, error] of sizes) {
      const count = (): Promise<number> => metricOf(gateway, `wss_errors_total{code="${error}"}`);
      const data = "x".repeat(bytes);
      await origin.command(node, ["send", id, data, { ref: error }]);
      assert.deepEqual(await origin.replyTo(error), { [id]: error });
      await origin.command(node, ["publish", "large", data, { ref: error }]);
      assert.deepEqual(await origin.replyTo(error), { node, error });
      for (const raw of ["text", "binary"]) await origin.publishTo(`groups/large/${raw}`, data);
      await waitFor(async () => (await count()) === 4, { what: `four times ${error}` });
      await origin.publishTo("groups/large/commands/me", encode([["publish", "large", data]]));
      await waitFor(async () => (await count()) === 5, { what: `${error} once more` });
    }
    const full = "y".repeat(queue);
    await origin.publishTo("groups/large/text", full);
    for (const { client } of members) assert.equal(await client.nextText(), full);
    await origin.command(node, ["send", id, full, { ref: "full" }]);
    assert.deepEqual(await origin.replyTo("full"), { [id]: "sent" });
    leave(...members);
  });

  it("counts what became of a publish, on each node", async () => {
    const members = await rig.inGroup("counted", gateway, gateway, other);
    await origin.command(undefined, ["publish", "counted", "x", { ref: "p" }]);
    const replies = [await origin.replyTo("p"), await origin.replyTo("p")];
    const sent = new Map(replies.map(({ node, sent }) => [node, sent]));
    assert.equal(sent.get(gateway.info.node), 2);
    assert.equal(sent.get(other.info.node), 1);
    leave(...members);
  });

  it("answers a JSON command in JSON, also at the nodes that it is sent on to", async () => {
    const members = await rig.inGroup("json", gateway, other);
    const { node } = gateway.info;
    await origin.publish(node, '[["publish","json","x",{"ref":"in JSON"}]]');
    const replies = [await origin.replyTo("in JSON"), await origin.replyTo("in JSON")];
    assert.deepEqual(
      new Set(replies.map((reply) => reply.node)),
      new Set([node, other.info.node]),
    );
    // A text of MessagePack has no quotes.
    const told = origin.batches.filter(({ payload }) => payload.includes('["reply","in JSON",'));
    assert.equal(told.length, 2);
    await origin.command(node, ["publish", "json", "x", { ref: "packed" }]);
    await origin.replyTo("packed");
    assert.ok(!origin.batches.some(({ payload }) => payload.includes('"packed"')));
    leave(...members);
  });

  it("refuses names that no group can have, and too many groups", async () => {
    const member = await rig.join();
    const { id } = member;
    const { node } = gateway.info;
    for (const name of ["", "x".repeat(257), "é".repeat(129), "@all", "@user/ann"]) {
      await origin.command(node, ["join", id, name, { ref: 1 }]);
      assert.deepEqual(await origin.replyTo(1), { [id]: "group-name" }, name.slice(0, 9));
    }
    await origin.command(node, ["publish", "", "x", { ref: 2 }]);
    assert.deepEqual(await origin.replyTo(2), { node, error: "group-name" });
    const longest = ["é".repeat(128), "@other", "a", "b"];
    for (const [index, name] of longest.entries()) {
      await origin.command(node, ["join", id, name, { ref: 3 }]);
      const outcome = index < 3 ? "joined" : "group-limit";
      assert.deepEqual(await origin.replyTo(3), { [id]: outcome }, name);
    }
    await origin.publishTo("groups/@other/text", "named like one of ours");
    assert.equal(await member.client.nextText(), "named like one of ours");
    await origin.command(node, ["leave", id, "@other", { ref: 4 }], ["join", id, "b", { ref: 5 }]);
    assert.deepEqual(await origin.replyTo(4), { [id]: "left" });
    assert.deepEqual(await origin.replyTo(5), { [id]: "joined" });
    // A group's topic speaks for that group alone.
    await origin.publishTo("groups/b/commands/me", '[["publish","a","no",{"ref":6}]]');
    assert.deepEqual(await origin.replyTo(6), { node, error: "group-name" });
    leave(member);
  });

  it("tells who is there: by id, by group, in number alone", async () => {
    const before = Date.now();
    const members = await rig.inGroup("who", gateway, gateway, other);
    const [one, , third] = members as [Member, Member, Member];
    const { node } = gateway.info;
    const gone = `${node}.${"A".repeat(26)}`;
    await origin.command(
      node,
      ["query", [one.id, gone], { ref: 1 }],
      ["query", one.id, { ref: 2 }],
      ["query", "who", { ref: 3, count: true }],
    );
    const byIds = await origin.replyTo(1);
    const [entry] = byIds.connections as { id: string; at: number; bufferedAmount: number }[];
    assert.deepEqual([byIds.node, byIds.count, byIds.gone], [node, 1, [gone]]);
    assert.deepEqual([entry?.id, entry?.bufferedAmount], [one.id, 0]);
    assert.ok(entry !== undefined && entry.at >= before - 1_000 && entry.at <= Date.now() + 1_000);
    assert.equal((await origin.replyTo(2)).count, 1);
    assert.deepEqual(await origin.replyTo(3), { node, count: 2 });
    await origin.command(undefined, ["query", "who", { ref: 4 }]);
    const replies = [await origin.replyTo(4), await origin.replyTo(4)];
    const ids = replies.flatMap((reply) => (reply.connections as Values[]).map(({ id }) => id));
    assert.deepEqual(new Set(ids), new Set(members.map(({ id }) => id)));
    assert.equal(replies.find((reply) => reply.node === other.info.node)?.count, 1);
    leave(...members);
    await origin.closeOf(third.id);
  });
});
