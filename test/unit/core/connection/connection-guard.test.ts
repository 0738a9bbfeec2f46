import assert from "node:assert/strict";
import { test } from "node:test";
import type { GuardOptions } from "../../../../core/connection/mod.ts";
import type { MemorySocket } from "../../../support/memory/mod.ts";
import { upgradeRequest } from "../../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../../support/memory-node/node-rig.ts";

/** A node with these guards. */
class Rig extends NodeRig {
  constructor(guard: Partial<GuardOptions>) {
    super({ mode: "open", guard });
  }

  async start(): Promise<this> {
    await this.node.gateway.start();
    return this;
  }

  open(ip: string = "192.0.2.1"): MemorySocket {
    const answer = { accepted: true, app: "default", deflate: false, info: { ip } } as const;
    return this.node.open({ ...answer, subprotocol: undefined });
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    // Memory sockets tell of their end in a microtask.
    await Promise.resolve();
  }

  get connections(): number {
    return this.node.gateway.connections;
  }

  get pingsSent(): number {
    return this.node.metrics.value("wss_pings_sent_total") ?? 0;
  }

  /** How many errors of this code, and closes of this cause, were counted. */
  counted(code: string, cause: string): unknown[] {
    return [
      this.node.errors(code),
      this.node.metrics.value("wss_connections_closed_total", { cause }),
    ];
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
  assert.equal(rig.connections, 1);
  assert.deepEqual(rig.counted("ping-timeout", "error"), [1, 1]);
  assert.equal(rig.pingsSent, pings(good) + 1);
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
  assert.equal(rig.connections, 1);
  await rig.advance(9_200);
  assert.equal(rig.connections, 0);
});

test("pings are spread over the interval, though all connected at once", async () => {
  const rig = await new Rig({ pingIntervalMs: 30_000, pingTimeoutMs: 10_000 }).start();
  await rig.advance(60_000);
  const sockets = Array.from({ length: 3_000 }, () => rig.open());
  let most = 0;
  for (let second = 0; second < 31; second++) {
    const before = rig.pingsSent;
    await rig.advance(1_000);
    most = Math.max(most, rig.pingsSent - before);
    for (const socket of sockets) if (pings(socket) === 1) socket.pong();
  }
  assert.ok(most < 300, `${most} of 3,000 in one second`);
  assert.equal(rig.connections, 3_000);
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
  assert.deepEqual(rig.counted("idle-timeout", "idle"), [1, 1]);
});

test("connections reach their age within a tenth of it, not all at once", async () => {
  const rig = await new Rig({ connectionAgeMsMax: 100_000 }).start();
  const sockets = Array.from({ length: 200 }, () => rig.open());
  await rig.advance(89_000);
  assert.equal(rig.connections, 200);
  await rig.advance(6_000);
  assert.ok(rig.connections > 20 && rig.connections < 180);
  await rig.advance(6_500);
  assert.equal(rig.connections, 0);
  assert.deepEqual(closing(sockets[0] as MemorySocket), [1012, "connection-age"]);
  assert.deepEqual(rig.counted("connection-age", "limit"), [200, 200]);
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

/** What a client may do so often a second, and what is not counted beside it. */
const rates: readonly (readonly [
  code: string,
  guard: Partial<GuardOptions>,
  act: (socket: MemorySocket) => void,
  beside: (socket: MemorySocket) => void,
])[] = [
  ["message-rate", { messagesPerSecondMax: 10 }, (one) => one.receive("x"), (one) => one.pong()],
  [
    "control-rate",
    { controlFramesPerSecondMax: 10 },
    (one) => one.pong(),
    (one) => one.receive("x"),
  ],
  ["byte-rate", { bytesPerSecondMax: 1_000 }, (one) => one.receive("x".repeat(100)), () => {}],
];

for (const [code, guard, act, beside] of rates) {
  test(`more than ${Object.keys(guard)}: 1008; a burst of one second passes`, async () => {
    // A clock that is set back closes nobody, and one that is set on forgives nothing.
    for (const set of [0, 3_600_000, -3_600_000]) {
      const rig = await new Rig(guard).start();
      const socket = rig.open();
      const burst = (times: number, what: (socket: MemorySocket) => void): void => {
        for (let count = 0; count < times; count++) what(socket);
      };
      for (let second = 0; second < 5; second++) {
        burst(10, act);
        burst(20, beside);
        await rig.advance(1_000);
        rig.clock.set(set);
      }
      burst(10, act);
      await rig.advance(500);
      burst(5, act);
      assert.deepEqual(closing(socket), []);
      rig.clock.set(set);
      burst(1, act);
      await rig.advance(0);
      assert.deepEqual(closing(socket), [1008, code]);
      assert.deepEqual(rig.counted(code, "limit"), [1, 1]);
    }
  });
}

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
  const refused = rig.node.gateway.handshake(request);
  assert.ok("statusCode" in refused);
  assert.equal(refused.statusCode, 503);
  assert.match(String(refused.body), /"code":"connections-per-ip"/);
  first.clientCloses(1000, "");
  assert.equal((rig.node.gateway.handshake(request) as { accepted: boolean }).accepted, true);
});
