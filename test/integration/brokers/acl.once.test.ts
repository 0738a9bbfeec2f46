import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connectAsync, type MqttClient } from "mqtt";
import { connectOrigin } from "websocket-service/origin";
import { printedRules } from "../../support/broker/access-rules.ts";
import { everything, publishes, reads } from "../../support/broker/role-rights.ts";
import { type Guarded, type GuardedBroker, startGuarded } from "../../support/brokers/guarded.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { blocksOf } from "../../support/docs/docs.ts";
import { metricOf } from "../../support/gateway/control-rig.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

const root = "wss/v1/default";
/** What somebody tries who wants to read everything. */
const greedy = [
  "#",
  "wss/#",
  `${root}/#`,
  `${root}/+/+/+/+`,
  `${root}/events/#`,
  `${root}/origins/+/events/+`,
  `${root}/origins/shop-1/events/+`,
  `${root}/origins/shop-2/events/+`,
  `${root}/nodes/+/commands/+`,
  `${root}/nodes/edge-1/commands/+`,
  `${root}/nodes/edge-2/commands/+`,
  `${root}/commands/+`,
  `${root}/groups/#`,
  `${root}/presence/#`,
  "$MQTT/sub/#",
];

interface Traits {
  readonly program: string;
  readonly version: 4 | 5;
  /** False where what is stored is not sent to a filter with wildcards. */
  readonly sendsStored?: boolean;
}

const brokers: Readonly<Record<GuardedBroker, Traits>> = {
  mosquitto: { program: "mosquitto", version: 5 },
  rabbitmq: { program: "rabbitmq-server", version: 5, sendsStored: false },
  nats: { program: "nats-server", version: 4 },
  ejabberd: { program: "ejabberdctl", version: 5 },
};

const opened: MqttClient[] = [];

/** A client of that user. It does not come back by itself once the broker has cut it. */
async function connect(guarded: Guarded, user: string, version: 4 | 5): Promise<MqttClient> {
  const client = await connectAsync(guarded.url(user), {
    clientId: `${user}-test${opened.length}`,
    protocolVersion: version,
    reconnectPeriod: 0,
    timerVariant: "native",
  });
  client.on("error", () => {});
  opened.push(client);
  return client;
}

/** Resolves when the broker has answered, or has cut the client: refused is refused. */
function answered(client: MqttClient, request: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    client.once("close", () => resolve());
    request.then(
      () => resolve(),
      () => resolve(),
    );
  });
}

for (const [broker, traits] of Object.entries(brokers) as [GuardedBroker, Traits][]) {
  const { version, sendsStored = true } = traits;
  describe(`the rules that acl prints for ${broker}`, {
    skip: skipWithout(traits.program),
  }, () => {
    let guarded: Guarded;
    let admin: MqttClient;
    const seen: string[] = [];
    before(async () => {
      guarded = await startGuarded(broker);
      admin = await connect(guarded, "admin", version);
      admin.on("message", (topic, payload) => seen.push(`${payload}: ${topic}`));
      await admin.subscribeAsync("wss/#", { qos: 1 });
    });
    after(async () => {
      for (const client of opened.splice(0)) client.end(true);
      await guarded?.end();
    });

    for (const [user, { may, not }] of Object.entries(publishes)) {
      it(`let ${user} publish what its role needs, and play nobody else`, async () => {
        for (const topic of [...not, ...may]) {
          // mosquitto cuts a client after a refusal: each try is on a connection that stands.
          const client = await connect(guarded, user, version);
          const publish = client.publishAsync(`${root}/${topic}`, user, { qos: 1 });
          await answered(client, publish);
          client.end(true);
        }
        await admin.publishAsync(`${root}/end`, user, { qos: 1 });
        await waitFor(() => seen.includes(`${user}: ${root}/end`), { what: "the last one" });
        const came = seen.filter((line) => line.startsWith(`${user}: `) && !line.endsWith("/end"));
        const expected = may.map((topic) => `${user}: ${root}/${topic}`);
        assert.deepEqual(came.toSorted(), expected.toSorted());
      });
    }

    it("let each role read what is meant for it, and nothing else", async () => {
      const received = new Map<string, Set<string>>();
      for (const user of Object.keys(reads)) {
        const topics = new Set<string>();
        received.set(user, topics);
        for (const filter of greedy) {
          const client = await connect(guarded, user, version);
          client.on("message", (topic, payload) => topics.add(`${payload}: ${topic}`));
          await answered(client, client.subscribeAsync(filter, { qos: 1 }));
        }
      }
      // What came in the first round to somebody who may not read it has come by the second's end.
      for (const round of ["first", "second"]) {
        for (const topic of everything) {
          await admin.publishAsync(`${root}/${topic}`, round, { qos: 1 });
        }
        for (const [user, expected] of Object.entries(reads)) {
          const lines = expected.map((topic) => `${round}: ${root}/${topic}`);
          const all = received.get(user) as Set<string>;
          await waitFor(() => lines.every((line) => all.has(line)), { what: `${user}: ${round}` });
        }
      }
      for (const [user, expected] of Object.entries(reads)) {
        const first = [...(received.get(user) ?? [])].filter((line) => line.startsWith("first: "));
        const lines = expected.map((topic) => `first: ${root}/${topic}`);
        assert.deepEqual(first.toSorted(), lines.toSorted(), user);
      }
    });

    it("let a node, an origin and a device do all that they have to", async () => {
      // The broker takes a command that is to be stored: no node may carry it out.
      const thief = await connect(guarded, "shop-2", version);
      const stored = '[["publish","@all","stored"]]';
      await thief.publishAsync(`${root}/commands/shop-2`, stored, { qos: 1, retain: true });
      const flags = ["--node-name", "edge-1", "--broker", guarded.url("edge-1")];
      const gateway = await startGateway({ flags });
      if (sendsStored) {
        const refused = 'wss_errors_total{code="retained-refused"}';
        await waitFor(async () => (await metricOf(gateway, refused)) > 0, { what: refused });
      }
      const origin = await connectOrigin({ name: "shop-1", broker: guarded.url("shop-1") });
      after(() => origin.close());
      origin.on("open", ({ connection }) => void connection.join("weather"));
      origin.on("message", ({ connection, data }) => connection.send(data));
      await gateway.event("origin-joined");
      const client = await RawClient.open(gateway.info.port);
      after(() => client.destroy());
      client.text("hello");
      assert.equal(await client.nextText(), "hello");
      // Where nothing is stored, it hears of the node a second later.
      await waitFor(async () => (await origin.everyone().count()).count === 1);
      origin.group("weather").publish("from the origin");
      assert.equal(await client.nextText(), "from the origin");
      const sensor = await connect(guarded, "sensor-1", version);
      await sensor.publishAsync(`${root}/groups/weather/text`, "sunny", { qos: 1 });
      assert.equal(await client.nextText(), "sunny");
      const ready = await fetch(`http://127.0.0.1:${gateway.info.adminPort}/readyz`);
      assert.deepEqual(await ready.json(), { ready: true, reasons: [] });
      const faults = gateway.log.filter(({ level, code }) => {
        return (level === "warn" || level === "error") && code !== "retained-refused";
      });
      assert.deepEqual(faults, []);
    });
  });
}

it("prints the rules of mosquitto that the docs show", async () => {
  const shown = blocksOf("docs/operating").find(({ subject }) => subject === "acl");
  const flags = "--nodes edge-1 --origins shop-1 --devices sensor-1/weather";
  assert.equal(await printedRules("mosquitto", flags), shown?.body);
});
