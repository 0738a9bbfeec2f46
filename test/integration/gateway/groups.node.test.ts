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
});
