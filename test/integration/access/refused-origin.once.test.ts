import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { connectOrigin } from "websocket-service/origin";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { waitFor } from "../../support/process/wait.ts";

/** mosquitto with rules that can be changed while it runs. */
async function brokerWithRules(
  rules: readonly string[],
  ...settings: readonly string[]
): Promise<{ broker: Mosquitto; rule: (...rules: readonly string[]) => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "wss-rules-"));
  const file = join(directory, "acl");
  const write = (lines: readonly string[]): Promise<void> =>
    writeFile(file, ["topic readwrite #", ...lines, ""].join("\n"), { mode: 0o600 });
  await write(rules);
  const broker = await Mosquitto.start({ config: [`acl_file ${file}`, ...settings] });
  after(async () => {
    await broker[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  const rule = async (...lines: readonly string[]): Promise<void> => {
    await write(lines);
    broker.reload();
  };
  return { broker, rule };
}

async function listen(broker: Mosquitto, name: string): Promise<string[]> {
  const origin = await connectOrigin({ broker: broker.url(), name });
  after(() => origin.close());
  const events: string[] = [];
  origin.on("message", ({ data, seq }) => void events.push(`${data} ${seq}`));
  return events;
}

const clientsMax = 20;
const deny = ["topic deny wss/v1/default/origins/o1/events/+"];
/** Without a limit mosquitto 2.0 ends the connection of who publishes in vain. */
const polite = "max_queued_messages 100000";

async function talk(port: number, text: string): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < clientsMax) clients.push(await RawClient.open(port));
  for (const client of clients) client.text(text);
  return clients;
}

describe("an access rule that lets nothing be published to an origin", {
  concurrency: true,
}, () => {
  it("MQTT 5: its connections move at once, and come again when the rule is mended", async () => {
    const { broker, rule } = await brokerWithRules(deny, polite);
    const [one, two] = [await listen(broker, "o1"), await listen(broker, "o2")];
    const gateway = await startGateway({ flags: ["--broker", broker.url()] });
    const joined = (): number => gateway.log.filter((l) => l.event === "origin-joined").length;
    await waitFor(() => joined() === 2);
    const clients = await talk(gateway.info.port, "a");
    await waitFor(() => two.length === clientsMax, { what: "every message at the other origin" });
    assert.deepEqual([one, new Set(two)], [[], new Set(["a 1"])]);
    const refused = gateway.log.filter((line) => line.event === "origin-publish-refused");
    assert.deepEqual(
      refused.map(({ level, code, origin }) => [level, code, origin]),
      [["error", "publish-refused", "o1"]],
    );
    assert.ok(!gateway.log.some(({ code }) => code === "ack-timeout"));
    await rule();
    await waitFor(() => joined() === 3, { what: "the origin to take part again" });
    const more = await talk(gateway.info.port, "b");
    await waitFor(() => one.length + two.length === 2 * clientsMax);
    assert.ok(one.length > 0);
    for (const client of [...clients, ...more]) client.destroy();
  });

  for (const version of ["4", "5"]) {
    it(`MQTT ${version}, and the broker ends the connection: they move too`, async () => {
      const { broker } = await brokerWithRules(deny);
      const [one, two] = [await listen(broker, "o1"), await listen(broker, "o2")];
      const flags = ["--broker", broker.url(), "--mqtt-version", version];
      const gateway = await startGateway({ flags });
      await waitFor(() => gateway.log.filter((l) => l.event === "origin-joined").length === 2);
      const clients = await talk(gateway.info.port, "a");
      await waitFor(() => two.length === clientsMax, { what: "every message at the other" });
      assert.deepEqual(one, []);
      assert.ok(gateway.log.some(({ event }) => event === "origin-publish-refused"));
      const topic = `wss/v1/default/origins/o1/events/${gateway.info.node}`;
      const told = gateway.log.filter((line) => line.event === "publish-refused");
      assert.deepEqual(new Set(told.map((line) => line.topic)), new Set([topic]));
      assert.ok(!gateway.log.some(({ code }) => code === "ack-timeout"));
      for (const client of clients) client.destroy();
    });
  }

  it("MQTT 3.1.1 does not tell of it: they move after the ack timeout", async () => {
    const { broker } = await brokerWithRules(deny, polite);
    const [one, two] = [await listen(broker, "o1"), await listen(broker, "o2")];
    const flags = ["--broker", broker.url(), "--mqtt-version", "4", "--ack-timeout", "3s"];
    const gateway = await startGateway({ flags });
    await waitFor(() => gateway.log.filter((l) => l.event === "origin-joined").length === 2);
    const clients = await talk(gateway.info.port, "a");
    await waitFor(() => two.length === clientsMax, { what: "every message at the other origin" });
    assert.deepEqual(one, []);
    const line = gateway.log.find(({ event }) => event === "ack-timeout");
    assert.match(String(line?.message), /the origin must read origins\/o1\/events\/\+/);
    assert.ok(String(line?.message).includes(`nodes/${gateway.info.node}/commands/+`));
    for (const client of clients) client.destroy();
  });

  it("open mode: what the broker refuses is lost, counted and logged", async () => {
    const { broker } = await brokerWithRules(["topic deny wss/v1/default/events/+/+"], polite);
    const flags = ["--broker", broker.url(), "--origin-mode", "open"];
    const gateway = await startGateway({ flags });
    const client = await RawClient.open(gateway.info.port);
    const line = await gateway.event("events-lost");
    assert.deepEqual([line.level, line.code], ["error", "publish-refused"]);
    const refused = await gateway.event("publish-refused");
    assert.equal(refused.topic, `wss/v1/default/events/0/${gateway.info.node}`);
    const url = `http://127.0.0.1:${gateway.info.adminPort}/metrics`;
    const metrics = await (await fetch(url)).text();
    assert.match(metrics, /^wss_errors_total\{code="publish-refused"\} [1-9]/m);
    client.destroy();
  });
});
