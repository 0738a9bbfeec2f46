import assert from "node:assert/strict";
import { createRequire } from "node:module";
import net from "node:net";
import { after, before, test } from "node:test";
import { Aedes } from "aedes";
import { startEmbeddedBroker } from "../../../adapters/embedded-broker/mod.ts";
import { mqttLinks } from "../../../adapters/mqtt/link/mod.ts";
import { MqttLink } from "../../../adapters/mqtt/mod.ts";
import { ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import { plainClient, type TestPorts, testPorts } from "../../support/broker/broker-rigs.ts";
import { freePort, Mosquitto } from "../../support/broker/mosquitto.ts";
import { MemoryMetrics } from "../../support/memory/mod.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";

const silent = { connected: () => {}, message: () => {} };
const users = { gateway: "right-word" };
let locked: Mosquitto;
let small: Mosquitto;

before(async () => {
  locked = await Mosquitto.start({ users });
  small = await Mosquitto.start({
    config: ["max_packet_size 2000", "max_inflight_messages 3"],
  });
});

after(async () => {
  await locked[Symbol.asyncDispose]();
  await small[Symbol.asyncDispose]();
});

test("MQTT 5 is refused at the start where a broker speaks 3.1.1 alone", async () => {
  const broker = await startEmbeddedBroker({ host: "127.0.0.1", port: 0 });
  after(() => broker.close());
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const link = new MqttLink({ url, name: "x", role: "test", version: "5" }, testPorts());
  after(() => link.stop());
  await assert.rejects(link.start(silent), (error: unknown) => {
    assert.ok(error instanceof ServiceError);
    assert.equal(error.code, "broker-refused");
    assert.match(error.message, /^mqtt:[^ ]+ Connection refused: Unacceptable protocol version$/);
    return true;
  });
});

for (const version of ["auto", "4", "5"] as const) {
  test(`wrong credentials at the start are refused, MQTT ${version}`, async () => {
    const ports = testPorts();
    const url = locked.url("gateway", "wrong-word");
    const link = new MqttLink({ url, name: "x", role: "test", version }, ports);
    await assert.rejects(link.start(silent), (error: unknown) => {
      assert.ok(error instanceof ServiceError);
      assert.equal(error.code, "broker-refused");
      return true;
    });
    const told = JSON.stringify(ports.logger.records);
    assert.ok(!told.includes("wrong-word"), told);
    assert.match(told, /gateway:\*\*\*@/);
    await link.stop();
  });

  test(`right credentials are taken, MQTT ${version}`, async () => {
    const url = locked.url("gateway", "right-word");
    const link = new MqttLink({ url, name: "x", role: "test", version }, testPorts());
    await link.start(silent);
    assert.equal(link.reportsReasons, version !== "4");
    await link.stop();
  });
}

test("MQTT.js makes no buffers for numbers that may never be sent", async () => {
  const link = new MqttLink({ url: small.url(), name: "x", role: "test" }, testPorts());
  await link.start(silent);
  const ofMqtt = createRequire(import.meta.resolve("mqtt"));
  const { cache } = ofMqtt("mqtt-packet/numbers") as { readonly cache: object };
  assert.equal(Object.keys(cache).length, 0);
  await link.stop();
});

/** Real ports. A link that is down sets one timer after each failed attempt. */
function countingPorts(): { ports: TestPorts; timers: () => number } {
  const { clock, ...others } = testPorts();
  let timers = 0;
  const counting: Clock = {
    now: () => clock.now(),
    ticks: () => clock.ticks(),
    endOfTurn: (callback) => clock.endOfTurn(callback),
    after: (ms, callback) => {
      timers += 1;
      return clock.after(ms, callback);
    },
  };
  return { ports: { ...others, clock: counting }, timers: () => timers };
}

test("credentials refused after the start are tried again until they are taken", async () => {
  const port = await freePort();
  const open = await Mosquitto.start({ port });
  const { ports, timers } = countingPorts();
  const url = open.url("gateway", "right-word");
  const link = new MqttLink(
    { url, name: "x", role: "test", version: "4", reconnectMsMax: 200 },
    ports,
  );
  await link.start(silent);
  await open[Symbol.asyncDispose]();
  const other = await Mosquitto.start({ port, users: { gateway: "another" } });
  await waitFor(() => ports.logger.of("broker-lost").length === 1, { what: "lost" });
  const lost = timers();
  await waitFor(() => timers() >= lost + 3, { what: "three refused attempts" });
  assert.equal(link.up, false);
  await other[Symbol.asyncDispose]();
  const right = await Mosquitto.start({ port, users });
  await waitFor(() => link.up, { what: "connected again" });
  assert.deepEqual(
    ports.logger.records.map(({ level, event }) => `${level} ${event}`),
    ["warn broker-lost", "info broker-connected"],
    "one line per change of state",
  );
  await link.stop();
  await right[Symbol.asyncDispose]();
});

test("a broker that cannot be reached at the start is waited for, with one line", async () => {
  const port = await freePort();
  const { ports, timers } = countingPorts();
  const connected: boolean[] = [];
  const url = `mqtt://127.0.0.1:${port}`;
  const link = new MqttLink({ url, name: "x", role: "test" }, ports);
  const started = link.start({ ...silent, connected: (now) => connected.push(now) });
  await waitFor(() => ports.logger.of("broker-unreachable").length > 0, { what: "the line" });
  await waitFor(() => timers() >= 3, { what: "three failed attempts" });
  assert.equal(ports.logger.records.length, 1);
  assert.deepEqual(connected, []);
  let answer: ServiceError | undefined;
  link.publish("t", new Uint8Array(1), (error) => {
    answer = error;
  });
  assert.equal(answer?.code, "broker-lost", "nothing is queued meanwhile");
  const broker = await startEmbeddedBroker({ port });
  await started;
  assert.deepEqual(connected, [true]);
  assert.equal(link.reportsReasons, false, "aedes speaks 3.1.1 only");
  await link.stop();
  await broker.close();
});

test("sessions are clean: the broker is asked to remember nothing", async () => {
  for (const version of ["4", "5"] as const) {
    const flags: number[] = [];
    const server = net.createServer((socket) => {
      // MQTT 3.1.1, 3.1.2: one byte of length here, the protocol's name and level, the flags.
      socket.once("data", (packet) => flags.push(packet[9]!));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    const url = `mqtt://127.0.0.1:${port}`;
    const link = new MqttLink({ url, name: "x", role: "test", version }, testPorts());
    link.start(silent).catch(() => {});
    await waitFor(() => flags.length > 0, { what: "a CONNECT" });
    assert.equal(flags[0]! & 0x02, 0x02);
    await link.stop();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
});

test("stop ends a start that waits", async () => {
  const url = `mqtt://127.0.0.1:${await freePort()}`;
  const link = new MqttLink({ url, name: "x", role: "test" }, testPorts());
  const started = assert.rejects(link.start(silent), { code: "broker-lost" });
  await link.stop();
  await started;
});

test("what is above the broker's packet limit is refused before it is sent", async () => {
  const link = new MqttLink(
    { url: small.url(), name: "x", role: "test", version: "5" },
    testPorts(),
  );
  await link.start(silent);
  assert.equal(link.packetBytesMax, 2_000);
  const answers: (string | undefined)[] = [];
  link.publish("t", new Uint8Array(2_000), (error) => answers.push(error?.code));
  link.publish("t", new Uint8Array(1_900), (error) => answers.push(error?.code));
  await waitFor(() => answers.length === 2, { what: "both" });
  assert.deepEqual(answers, ["batch-too-big", undefined]);
  assert.equal(link.up, true);
  await link.stop();
});

test("a Receive Maximum of 3 holds 200 publishes at once in order", async () => {
  const received: number[] = [];
  const listener = await plainClient(small.port, ["order"], (_topic, payload) =>
    received.push(payload[0]!),
  );
  const link = new MqttLink(
    { url: small.url(), name: "x", role: "test", version: "5" },
    testPorts(),
  );
  await link.start(silent);
  const done: number[] = [];
  for (let i = 0; i < 200; i++) {
    link.publish("order", new Uint8Array([i]), (error) => {
      assert.equal(error, undefined);
      done.push(i);
    });
  }
  await waitFor(() => done.length === 200, { what: "all done" });
  await waitFor(() => received.length === 200, { what: "all received" });
  assert.deepEqual(done, [...Array(200).keys()]);
  assert.deepEqual(received, done);
  await link.stop();
  await listener.stop();
});

test("an ungranted subscription ends the start", async () => {
  const broker = await Aedes.createBroker({
    authorizeSubscribe: (_client, _filter, answer) => answer(null, null),
  });
  const server = net.createServer((socket) => void broker.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  const link = new MqttLink(
    { url: `mqtt://127.0.0.1:${port}`, name: "x", role: "test", filters: ["a/b"] },
    testPorts(),
  );
  await assert.rejects(link.start(silent), { code: "broker-refused", message: /a\/b/ });
  await link.stop();
  await new Promise<void>((resolve) => broker.close(resolve));
  await new Promise((resolve) => server.close(resolve));
});

test("a payload in a larger buffer is sent as its own bytes", async () => {
  const broker = await startEmbeddedBroker();
  const received: Uint8Array[] = [];
  const listener = await plainClient(broker.port, ["t"], (_topic, payload) =>
    received.push(new Uint8Array(payload)),
  );
  const whole = Uint8Array.from({ length: 1_000 }, (_, i) => i);
  listener.publish("t", whole.subarray(10, 14), () => {});
  const payload = await waitFor(() => received[0], { what: "the payload" });
  assert.deepEqual([...payload], [10, 11, 12, 13]);
  await listener.stop();
  await broker.close();
});

test("payloads above the kernel's buffers pass through the embedded broker", async () => {
  // Deno once stalled above 192 KiB.
  const broker = await startEmbeddedBroker();
  const received: number[] = [];
  const listener = await plainClient(broker.port, ["t"], (_topic, payload) =>
    received.push(payload.byteLength),
  );
  const sizes = [200_000, 1_500_000, 5, 4_000_000];
  for (const size of sizes) listener.publish("t", new Uint8Array(size), () => {});
  await waitFor(() => received.length === sizes.length, { what: "all payloads" });
  assert.deepEqual(received, sizes);
  await listener.stop();
  await broker.close();
});

test("a clean stop sends no Will, a cut does", async () => {
  const broker = await Mosquitto.start();
  const received: string[] = [];
  const listener = await plainClient(broker.port, ["will/+"], (topic) => received.push(topic));
  const proxy = await TcpProxy.start(broker.port);
  const make = (willTopic: string): MqttLink =>
    new MqttLink({ url: proxy.url, name: "x", role: "test", willTopic }, testPorts());
  const [clean, dying] = [make("will/clean"), make("will/dying")];
  await Promise.all([clean.start(silent), dying.start(silent)]);
  await clean.stop();
  proxy.block();
  await waitFor(() => received.length > 0, { what: "the Will" });
  assert.deepEqual(received, ["will/dying"]);
  await dying.stop();
  await proxy.close();
  await listener.stop();
  await broker[Symbol.asyncDispose]();
});

test("a port in use is told as such", async () => {
  const broker = await startEmbeddedBroker();
  await assert.rejects(startEmbeddedBroker({ port: broker.port }), { code: "port-in-use" });
  await broker.close();
  const again = await startEmbeddedBroker({ port: broker.port });
  assert.equal(again.port, broker.port);
  await again.close();
});

test("the broker is killed and comes back: the link is up again", async () => {
  const broker = await Mosquitto.start();
  const ports = testPorts();
  const received: string[] = [];
  const link = new MqttLink(
    { url: broker.url(), name: "x", role: "test", filters: ["t/#"] },
    ports,
  );
  await link.start({ connected: () => {}, message: (topic) => received.push(topic) });
  await broker.kill();
  await waitFor(() => !link.up, { what: "down" });
  await broker.restart();
  await waitFor(() => link.up, { what: "up" });
  link.publish("t/1", new Uint8Array(1), () => {});
  await waitFor(() => received.length === 1, { what: "subscribed anew" });
  await link.stop();
  await broker[Symbol.asyncDispose]();
});

test("a broker with MQTT 5 keeps back packets that are larger than any batch", async () => {
  const broker = await Mosquitto.start();
  const received: number[] = [];
  const link = new MqttLink(
    { url: broker.url(), name: "x", role: "test", version: "5", filters: ["t"] },
    testPorts(),
  );
  const message = (_topic: string, { length }: Uint8Array): void => void received.push(length);
  await link.start({ connected: () => {}, message });
  const anybody = await plainClient(broker.port);
  for (const bytes of [18_000_000, 17_825_792, 1]) {
    await new Promise<void>((resolve) =>
      anybody.publish("t", new Uint8Array(bytes), () => resolve()),
    );
  }
  await waitFor(() => received.at(-1) === 1, { what: "the last" });
  assert.deepEqual(received, [17_825_792, 1]);
  await Promise.all([link.stop(), anybody.stop()]);
  await broker[Symbol.asyncDispose]();
});

test("metrics of a broker tell which links are there, and how long a PUBACK takes", async () => {
  const broker = await Mosquitto.start();
  const metrics = new MemoryMetrics();
  const url = broker.url();
  const open = mqttLinks({ url }, { ...testPorts(), metrics });
  const links = ["one", "two"].map((role) => open({ name: role, role }));
  const labels = { broker: `127.0.0.1:${broker.port}` };
  const up = (link: string): number | undefined =>
    metrics.value("wss_broker_link_up", { ...labels, link });
  const trips = (): readonly number[] => metrics.observed("wss_broker_round_trip_seconds", labels);
  assert.deepEqual([up("one"), up("two"), up("three")], [0, 0, undefined]);
  await links[0]?.start(silent);
  assert.deepEqual([up("one"), up("two")], [1, 0]);
  await new Promise<void>((resolve) => {
    links[0]?.publish("a", new Uint8Array(1), () => {});
    // In flight at once: only the first of them is measured.
    links[0]?.publish("a", new Uint8Array(1), () => resolve());
  });
  assert.equal(trips().length, 1);
  await new Promise<void>((resolve) => {
    links[0]?.publish("a", new Uint8Array(1), () => resolve());
  });
  assert.equal(trips().length, 2);
  assert.ok(trips().every((trip) => trip > 0 && trip < 60));
  await broker[Symbol.asyncDispose]();
  await waitFor(() => up("one") === 0, { what: "the link is down" });
  await Promise.all(links.map((link) => link.stop()));
});
