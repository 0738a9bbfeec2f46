import assert from "node:assert/strict";
import { test } from "node:test";
import type { GuardOptions } from "../../../../core/connection/mod.ts";
import { Gateway } from "../../../../core/mod.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";
import {
  ManualClock,
  MemoryBroker,
  MemoryCommandBus,
  MemoryLogger,
  MemoryMetrics,
  MemorySocket,
  SeededRandom,
} from "../../../support/memory/mod.ts";
import { gatewayOptions } from "../../../support/memory-node/gateway-options.ts";
import { upgradeRequest } from "../../../support/memory-node/memory-node.ts";
import { SimulatedNetwork } from "../../../support/memory-node/simulated-origins.ts";

/** A gateway with these guards, nothing but memory around it. */
class Rig {
  readonly clock = new ManualClock();
  readonly metrics = new MemoryMetrics();
  readonly gateway: Gateway;

  constructor(guard: Partial<GuardOptions>) {
    const options = { messageBytesMax: 1_000, batchBytesTarget: 4_000, partialBytesMax: 10_000 };
    const codec = createReferenceCodec({ node: "n", ...options });
    this.gateway = new Gateway(
      {
        clock: this.clock,
        logger: new MemoryLogger(),
        metrics: this.metrics,
        codec,
        random: new SeededRandom(7),
        channel: new SimulatedNetwork((value) => codec.values.encodeValue(value)),
        bus: new MemoryCommandBus(new MemoryBroker(), { apps: ["default"], node: "n" }),
      },
      gatewayOptions({ mode: "open", guard }),
    );
  }

  async start(): Promise<this> {
    await this.gateway.start();
    return this;
  }

  open(ip: string = "192.0.2.1"): MemorySocket {
    const answer = { accepted: true, app: "default", deflate: false, info: { ip } } as const;
    return new MemorySocket(this.gateway, { ...answer, subprotocol: undefined });
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    // Memory sockets tell of their end in a microtask.
    await Promise.resolve();
  }

  count(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.metrics.value(name, labels) ?? 0;
  }

  errors(code: string): number {
    return this.count("wss_errors_total", { code });
  }

  closed(cause: string): number {
    return this.count("wss_connections_closed_total", { cause });
  }
}

const pings = (socket: MemorySocket): number =>
  socket.delivered.filter(({ type }) => type === "ping").length;

const closing = (socket: MemorySocket): unknown[] => {
  const close = socket.delivered.find((delivery) => delivery.type === "close");
  return close?.type === "close" ? [close.closeCode, close.closeReason] : [];
};

test("who answers pings stays, who does not is cut with 1006 and the cause error", async () => {
  const rig = await new Rig({ pingIntervalMs: 30_000, pingTimeoutMs: 10_000 }).start();
  const good = rig.open();
  const dead = rig.open();
  for (let second = 0; second < 300; second++) {
    const before = pings(good);
    await rig.advance(1_000);
    if (pings(good) > before) good.pong();
  }
  assert.ok(pings(good) >= 9 && pings(good) <= 14, `${pings(good)} pings in 300 s`);
  assert.equal(pings(dead), 1);
  assert.equal(rig.gateway.connections, 1);
  assert.equal(rig.errors("ping-timeout"), 1);
  assert.equal(rig.closed("error"), 1);
  assert.equal(rig.count("wss_pings_sent_total"), pings(good) + 1);
});

test("whoever talks is not pinged; a dead peer is found in time", async () => {
  const rig = await new Rig({ pingIntervalMs: 10_000, pingTimeoutMs: 5_000 }).start();
  const talks = rig.open();
  for (let second = 0; second < 60; second++) {
    talks.receive("x");
    await rig.advance(1_000);
  }
  assert.ok(pings(talks) <= 1, "at most the first, which is early");
  talks.receive("last words");
  await rig.advance(7_000);
  assert.equal(rig.gateway.connections, 1);
  await rig.advance(9_200);
  assert.equal(rig.gateway.connections, 0);
});

test("pings are spread over the interval, though all connected at once", async () => {
  const rig = await new Rig({ pingIntervalMs: 30_000, pingTimeoutMs: 10_000 }).start();
  await rig.advance(60_000);
  const sockets = Array.from({ length: 3_000 }, () => rig.open());
  let most = 0;
  for (let second = 0; second < 31; second++) {
    const before = rig.count("wss_pings_sent_total");
    await rig.advance(1_000);
    most = Math.max(most, rig.count("wss_pings_sent_total") - before);
    for (const socket of sockets) if (pings(socket) === 1) socket.pong();
  }
  assert.ok(most < 300, `${most} of 3,000 in one second`);
  assert.equal(rig.gateway.connections, 3_000);
});

test("without a message a connection is idle; pongs are no messages", async () => {
  const rig = await new Rig({ idleTimeoutMs: 20_000 }).start();
  const idle = rig.open();
  const talks = rig.open();
  for (let second = 0; second < 30; second++) {
    await rig.advance(1_000);
    if (second < 15) idle.pong();
    talks.receive("x");
  }
  assert.deepEqual(closing(idle), [1001, "idle-timeout"]);
  assert.deepEqual(closing(talks), []);
  assert.equal(rig.errors("idle-timeout"), 1);
  assert.equal(rig.closed("idle"), 1);
});

test("connections reach their age within a tenth of it, not all at once", async () => {
  const rig = await new Rig({ connectionAgeMsMax: 100_000 }).start();
  const sockets = Array.from({ length: 200 }, () => rig.open());
  await rig.advance(89_000);
  assert.equal(rig.gateway.connections, 200);
  await rig.advance(6_000);
  assert.ok(rig.gateway.connections > 20 && rig.gateway.connections < 180);
  await rig.advance(6_500);
  assert.equal(rig.gateway.connections, 0);
  assert.deepEqual(closing(sockets[0] as MemorySocket), [1012, "connection-age"]);
  assert.equal(rig.closed("limit"), 200);
  assert.equal(rig.errors("connection-age"), 200);
});

test("a slot that is taken again starts anew", async () => {
  const rig = await new Rig({ idleTimeoutMs: 20_000 }).start();
  rig.open().clientCloses(1000, "");
  await rig.advance(19_000);
  const second = rig.open();
  await rig.advance(19_000);
  assert.deepEqual(closing(second), []);
  await rig.advance(2_500);
  assert.deepEqual(closing(second), [1001, "idle-timeout"]);
});

test("more messages a second than allowed: 1008; a burst of one second passes", async () => {
  const rig = await new Rig({ messagesPerSecondMax: 10 }).start();
  const socket = rig.open();
  for (let second = 0; second < 5; second++) {
    for (let index = 0; index < 10; index++) socket.receive("x");
    await rig.advance(1_000);
  }
  assert.deepEqual(closing(socket), []);
  for (let index = 0; index < 11; index++) socket.receive("x");
  await rig.advance(0);
  assert.deepEqual(closing(socket), [1008, "message-rate"]);
  assert.equal(rig.errors("message-rate"), 1);
  assert.equal(rig.closed("limit"), 1);
});

test("more pings and pongs a second than allowed: 1008", async () => {
  const rig = await new Rig({ controlFramesPerSecondMax: 10 }).start();
  const socket = rig.open();
  for (let second = 0; second < 5; second++) {
    for (let index = 0; index < 10; index++) socket.pong();
    for (let index = 0; index < 10; index++) socket.receive("messages are not counted");
    await rig.advance(1_000);
  }
  assert.deepEqual(closing(socket), []);
  for (let index = 0; index < 11; index++) socket.pong();
  await rig.advance(0);
  assert.deepEqual(closing(socket), [1008, "control-rate"]);
  assert.equal(rig.errors("control-rate"), 1);
  assert.equal(rig.closed("limit"), 1);
});

test("more bytes a second than allowed: 1008", async () => {
  const rig = await new Rig({ bytesPerSecondMax: 1_000 }).start();
  const socket = rig.open();
  socket.receive("x".repeat(1_000));
  await rig.advance(500);
  socket.receive("x".repeat(500));
  assert.deepEqual(closing(socket), []);
  socket.receive("x".repeat(10));
  await rig.advance(0);
  assert.deepEqual(closing(socket), [1008, "byte-rate"]);
  assert.equal(rig.errors("byte-rate"), 1);
});

test("an address has so many connections and no more, until one of them goes", async () => {
  const rig = await new Rig({ connectionsPerIpMax: 2 }).start();
  const first = rig.open("2001:db8::1");
  rig.open("2001:db8::2");
  const other = rig.open("192.0.2.7");
  // Handshakes overlapped: the third was admitted before the second was open.
  const third = rig.open("2001:db8::3");
  await rig.advance(0);
  assert.deepEqual(closing(third), [1008, "connections-per-ip"]);
  assert.deepEqual(closing(other), []);
  const request = { ...upgradeRequest("/"), remoteAddress: "2001:db8::9" };
  const refused = rig.gateway.handshake(request);
  assert.ok("statusCode" in refused);
  assert.equal(refused.statusCode, 503);
  assert.match(String(refused.body), /"code":"connections-per-ip"/);
  first.clientCloses(1000, "");
  assert.equal((rig.gateway.handshake(request) as { accepted: boolean }).accepted, true);
});

test("a clock that is set back closes nobody for a rate", async () => {
  const guard = { messagesPerSecondMax: 10, bytesPerSecondMax: 1_000 };
  const rig = await new Rig({ ...guard, controlFramesPerSecondMax: 10 }).start();
  const socket = rig.open();
  for (let second = 0; second < 3; second++) {
    socket.receive("x");
    socket.pong();
    await rig.advance(1_000);
    rig.clock.set(-3_600_000);
  }
  assert.deepEqual(closing(socket), []);
});

test("a clock that is set on forgives nothing of a rate", async () => {
  const rig = await new Rig({ messagesPerSecondMax: 10 }).start();
  const socket = rig.open();
  for (let index = 0; index < 10; index++) socket.receive("x");
  rig.clock.set(3_600_000);
  socket.receive("x");
  await rig.advance(0);
  assert.deepEqual(closing(socket), [1008, "message-rate"]);
});
