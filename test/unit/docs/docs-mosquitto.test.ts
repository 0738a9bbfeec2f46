import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MqttLink } from "../../../adapters/mqtt/mod.ts";
import { SystemClock, SystemRandom } from "../../../adapters/system/mod.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { blocksOf } from "../../support/docs/docs.ts";
import { MemoryLogger } from "../../support/memory/mod.ts";
import { waitFor } from "../../support/process/wait.ts";

const page = "docs/operating";
const skip = existsSync("/usr/sbin/mosquitto") ? false : "mosquitto is not installed";

function shown(name: string): string[] {
  const block = blocksOf(page).find(({ subject }) => subject === name);
  assert.ok(block !== undefined, `${page} shows no ${name}`);
  return block.body.split("\n");
}

/**
 * Whether the broker takes a publish, as MQTT 5 tells it. With `max_queued_messages 0` mosquitto
 * ends the connection after a refusal, so the next publish may have to wait for another one.
 */
async function mayPublish(link: MqttLink, topic: string): Promise<boolean> {
  for (;;) {
    await waitFor(() => link.up);
    const code = await new Promise<string | undefined>((resolve) => {
      link.publish(topic, new Uint8Array(0), (error) => resolve(error?.code));
    });
    if (code !== "broker-lost") return code === undefined;
  }
}

test("mosquitto runs with the configuration shown, and its rules bind each name", {
  skip,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), "wss-docs-"));
  const acl = join(directory, "acl");
  await writeFile(acl, shown("acl").join("\n"), { mode: 0o600 });
  // The test's broker brings a port, passwords and a directory of its own.
  const own = /^(listener|allow_anonymous|password_file|persistence_location) /;
  const config = shown("mosquitto.conf")
    .filter((line) => !own.test(line))
    .map((line) => line.replace("/etc/mosquitto/acl", acl));
  config.push(`persistence_location ${directory}/`);
  const users = { "edge-1": "one", "shop-1": "two", "sensor-1": "three" };
  const broker = await Mosquitto.start({ users, config });
  const ports = {
    clock: new SystemClock(),
    random: new SystemRandom(),
    logger: new MemoryLogger(),
  };
  const links = Object.entries(users).map(
    ([name, word]) =>
      new MqttLink({ url: broker.url(name, word), name, role: "test", version: "5" }, ports),
  );
  try {
    const [node, origin, sensor] = links as [MqttLink, MqttLink, MqttLink];
    const received: string[] = [];
    const message = (topic: string): void => void received.push(topic);
    const listener = { connected: (): void => {}, message };
    await Promise.all(links.map((link) => link.start(listener)));
    const root = "wss/v1/default";
    assert.ok(await mayPublish(node, `${root}/events/0/edge-1`));
    assert.ok(await mayPublish(node, `${root}/presence/nodes/edge-1`));
    assert.ok(!(await mayPublish(node, `${root}/events/0/edge-2`)));
    assert.ok(await mayPublish(node, `${root}/origins/shop-1/events/edge-1`));
    assert.ok(!(await mayPublish(node, `${root}/origins/shop-1/events/edge-2`)));
    assert.ok(await mayPublish(origin, `${root}/presence/origins/shop-1`));
    assert.ok(!(await mayPublish(origin, `${root}/presence/origins/shop-2`)));
    assert.ok(await mayPublish(origin, `${root}/nodes/edge-1/commands/shop-1`));
    assert.ok(await mayPublish(origin, `${root}/commands/shop-1`));
    assert.ok(!(await mayPublish(origin, `${root}/commands/edge-1`)));
    assert.ok(!(await mayPublish(origin, `${root}/presence/nodes/edge-1`)));
    const group = `${root}/groups/weather`;
    await new Promise<void>((resolve, reject) =>
      node.subscribe(`${group}/#`, (error) => (error === undefined ? resolve() : reject(error))),
    );
    assert.ok(await mayPublish(origin, `${group}/commands/shop-1`));
    assert.ok(!(await mayPublish(origin, `${group}/commands/edge-1`)));
    assert.ok(!(await mayPublish(origin, `${group}/text`)));
    assert.ok(await mayPublish(sensor, `${group}/text`));
    assert.ok(!(await mayPublish(sensor, `${group}/binary`)));
    assert.ok(!(await mayPublish(sensor, `${root}/groups/other/text`)));
    // The node, and nobody else who has not asked, receives the group.
    await waitFor(() => received.length === 2);
    assert.deepEqual(received, [`${group}/commands/shop-1`, `${group}/text`]);
  } finally {
    await Promise.all(links.map((link) => link.stop()));
    await broker[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  }
});
