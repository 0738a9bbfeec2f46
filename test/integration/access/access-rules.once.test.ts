import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { connectOrigin, type Origin } from "websocket-service/origin";
import { MqttLink } from "../../../adapters/mqtt/mod.ts";
import { SystemClock, SystemRandom } from "../../../adapters/system/mod.ts";
import { type GuardedBroker, startGuardedBroker } from "../../support/broker/access-rules.ts";
import { everything, publishes, reads } from "../../support/broker/role-rights.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { MemoryLogger } from "../../support/memory/mod.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

const skip = skipWithout("mosquitto");
const root = "wss/v1/default";

interface User {
  readonly link: MqttLink;
  readonly received: string[];
}

/** A user of the broker that speaks MQTT and knows the topics. */
async function user(guarded: GuardedBroker, name: string): Promise<User> {
  const ports = {
    clock: new SystemClock(),
    random: new SystemRandom(),
    logger: new MemoryLogger(),
  };
  const options = { url: guarded.url(name), name, role: "test", version: "5" } as const;
  const link = new MqttLink({ ...options, filters: [`${root}/#`] }, ports);
  const received: string[] = [];
  after(() => link.stop());
  await link.start({
    connected: () => {},
    message: (topic) => void received.push(topic.slice(root.length + 1)),
  });
  return { link, received };
}

/** Whether the broker takes a publish, as MQTT 5 tells it. */
function mayPublish({ link }: User, topic: string): Promise<boolean> {
  return new Promise((resolve) => {
    link.publish(`${root}/${topic}`, new Uint8Array(1), (error) => {
      assert.ok(error === undefined || error.code === "publish-refused", error?.code);
      resolve(error === undefined);
    });
  });
}

describe("the access rules of the docs", { skip }, () => {
  let guarded: GuardedBroker;
  before(async () => {
    guarded = await startGuardedBroker(false);
  });
  after(() => guarded.end());

  for (const [name, { may, not }] of Object.entries(publishes)) {
    it(`let ${name} publish what its role needs, and play nobody else`, async () => {
      const one = await user(guarded, name);
      const taken = async (topics: readonly string[]): Promise<string[]> => {
        const all = await Promise.all(topics.map((topic) => mayPublish(one, topic)));
        return topics.filter((_, index) => all[index]);
      };
      assert.deepEqual(await taken(may), may);
      assert.deepEqual(await taken(not), []);
    });
  }

  it("let each role read what is meant for it, and nothing else", async () => {
    const admin = await user(guarded, "admin");
    const names = Object.keys(reads);
    const users = await Promise.all(names.map((name) => user(guarded, name)));
    for (const { received } of users) received.length = 0;
    for (const topic of everything) assert.ok(await mayPublish(admin, topic));
    // mosquitto delivers in order: whoever has received the last has received all that comes.
    await waitFor(() => admin.received.filter((topic) => everything.includes(topic)).length >= 11);
    await waitFor(() =>
      users.slice(0, 2).every(({ received }) => received.includes("presence/ask/x")),
    );
    for (const [index, name] of names.entries()) {
      assert.deepEqual(users[index]?.received.toSorted(), [...reads[name]!].toSorted(), name);
    }
  });
});

describe("nodes, origins and a device under the rules of the docs", { skip }, () => {
  it("do all that they have to: nothing of theirs is turned away", async () => {
    const guarded = await startGuardedBroker(true);
    after(() => guarded.end());
    const nodes = await Promise.all(
      ["edge-1", "edge-2"].map((name) =>
        startGateway({ flags: ["--node-name", name, "--broker", guarded.url(name)] }),
      ),
    );
    const origins = await Promise.all(
      ["shop-1", "shop-2"].map((name) => connectOrigin({ name, broker: guarded.url(name) })),
    );
    const done: string[] = [];
    for (const origin of origins) serve(origin, done);
    for (const node of nodes) {
      await waitFor(() => node.log.filter(({ event }) => event === "origin-joined").length === 2);
    }
    const clients: RawClient[] = [];
    for (const node of nodes) {
      for (let count = 0; count < 4; count++) clients.push(await RawClient.open(node.info.port));
    }
    for (const client of clients) client.text("join");
    for (const client of clients) assert.equal(await client.nextText(), "joined");
    const [{ link }, origin] = [await user(guarded, "sensor-1"), origins[0] as Origin];
    link.publish(`${root}/groups/weather/text`, new TextEncoder().encode("rain"), () => {});
    for (const client of clients) assert.equal(await client.nextText(), "rain");
    assert.equal((await origin.group("weather").publishWithReply("sun")).sent, clients.length);
    origin.group("weather").publish("wind");
    for (const text of ["sun", "wind"]) {
      for (const client of clients) assert.equal(await client.nextText(), text);
    }
    assert.equal((await origin.count()).count, clients.length);
    // The origin that stays takes the connections of the one that goes.
    await origins[1]?.close();
    for (const client of clients) client.text("bye");
    for (const client of clients) assert.equal((await client.closeFrame())?.code, 4_000);
    await origin.close();
    for (const node of nodes) assert.equal((await node.stop()).code, 0);
    // What is turned away does stand in that log.
    link.publish(`${root}/commands/sensor-1`, new Uint8Array(1), () => {});
    const denied = async (): Promise<string[]> =>
      (await readFile(guarded.logFile, "utf8")).match(/Denied PUBLISH from \w+-\d/g) ?? [];
    await waitFor(async () => (await denied()).length > 0, { what: "a publish in vain" });
    assert.deepEqual(new Set(await denied()), new Set(["Denied PUBLISH from sensor-1"]));
  });
});

function serve(origin: Origin, done: string[]): void {
  after(() => origin.close());
  origin.on("message", async ({ connection, data }) => {
    done.push(String(data));
    if (data === "bye") {
      connection.close(4_000);
      return;
    }
    await connection.setState("seen");
    await connection.join("weather");
    assert.equal(await connection.sendWithReply("joined"), "sent");
  });
}
