import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type PeerClient, PeerFailure } from "../../../../adapters/peers/peer-client.ts";
import { PeerMembers } from "../../../../adapters/peers/peer-members.ts";
import { PeerNames } from "../../../../adapters/peers/peer-names.ts";
import { PeerQueue } from "../../../../adapters/peers/peer-queue.ts";
import { PeerSessions } from "../../../../adapters/peers/peer-sessions.ts";
import { type PeerStamp, peerLimits } from "../../../../adapters/peers/wire/mod.ts";
import type { ServiceError } from "../../../../core/base/mod.ts";
import { ManualClock, MemoryLogger } from "../../../support/memory/mod.ts";

test("a peer that refuses is asked once a heartbeat, and logged once a minute", async () => {
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const hellos: string[] = [];
  const client = {
    async hello(address: string) {
      hellos.push(address);
      return { node: "b", incarnation: "ib" };
    },
    async messages() {
      throw new PeerFailure("peer-name", "another node has this name", false);
    },
  } as unknown as PeerClient;
  const reachable: boolean[] = [];
  const refused: string[] = [];
  const members = new PeerMembers(
    { node: "a", incarnation: "ia" },
    {
      client,
      clock,
      logger,
      knowledge: { retained: () => [], subscribedApps: () => [] },
      hasLeft: () => false,
    },
    {
      reachable: (_incarnation, now) => reachable.push(now),
      lost: () => {},
      refused: (code) => refused.push(code),
    },
  );
  // Two addresses of one peer: neither may set the other going.
  members.set(new Set(["http://b:1", "http://b:2"]));
  for (let beat = 0; beat < 10; beat++) {
    for (let step = 0; step < 4; step++) {
      await setImmediate();
      clock.advance(peerLimits.heartbeatMs / 4);
    }
  }
  await setImmediate();
  const each = hellos.filter((address) => address === "http://b:1").length;
  assert.ok(each >= 5 && each <= 11, `${each} times in ten heartbeats`);
  assert.ok(hellos.length <= 22, `${hellos.length} times in all`);
  assert.equal(logger.of("peer-down").length, 0);
  const lines = (): unknown[] =>
    logger.of("peer-unreachable").map(({ level, fields }) => `${level} ${fields.code}`);
  assert.deepEqual(new Set(lines()), new Set(["error peer-name"]));
  const before = lines().length;
  assert.ok(before <= 2, "one for each address");
  assert.ok(refused.length >= 5 && refused.every((code) => code === "peer-name"));
  assert.equal(reachable.includes(true), false);
  clock.advance(60_000);
  await setImmediate();
  const later = logger.of("peer-unreachable").slice(before);
  assert.ok(later.length >= 1);
  assert.ok((later[0]?.fields.times as number) > 1);
  members.stop();
});

/** Names whose addresses a test changes. */
class Names {
  readonly clock: ManualClock = new ManualClock();
  readonly logger: MemoryLogger = new MemoryLogger();
  readonly addresses: Map<string, readonly string[]> = new Map();
  readonly changes: string[][] = [];
  readonly asked: string[] = [];
  readonly names: PeerNames;

  constructor(peers: readonly string[]) {
    const { clock, logger } = this;
    const resolve = async (host: string): Promise<readonly string[]> => {
      this.asked.push(host);
      const found = this.addresses.get(host);
      if (found === undefined) throw Object.assign(new Error("no such name"), { code: "ENO" });
      return found;
    };
    this.names = new PeerNames(peers, { clock, logger, resolve }, (addresses) => {
      this.changes.push([...addresses].sort());
    });
  }

  async pass(ms: number): Promise<string[] | undefined> {
    this.clock.advance(ms);
    await setImmediate();
    return this.changes.at(-1);
  }
}

test("a name stands for all its addresses, which are asked for again every minute", async () => {
  const rig = new Names(["http://nodes.test:8083", "http://10.0.0.9:1", "https://one.test"]);
  rig.addresses.set("nodes.test", ["10.0.0.2", "10.0.0.1", "fd00::1"]);
  rig.names.start();
  const fixed = ["http://10.0.0.9:1", "https://one.test"];
  const first = ["http://10.0.0.1:8083", "http://10.0.0.2:8083"];
  assert.deepEqual(await rig.pass(0), [...first, fixed[0], "http://[fd00::1]:8083", fixed[1]]);
  rig.addresses.set("nodes.test", ["10.0.0.3"]);
  await rig.pass(59_000);
  assert.equal(rig.changes.length, 1);
  assert.deepEqual(await rig.pass(1_000), ["http://10.0.0.3:8083", ...fixed]);
  assert.deepEqual(new Set(rig.asked), new Set(["nodes.test"]), "an address is not resolved");
  rig.names.stop();
  await rig.pass(120_000);
  assert.equal(rig.changes.length, 2);
});

test("while a name cannot be resolved its last addresses stay, and one line says so", async () => {
  const rig = new Names(["http://nodes.test:1"]);
  rig.names.start();
  assert.deepEqual(await rig.pass(0), []);
  rig.addresses.set("nodes.test", ["10.0.0.1"]);
  assert.deepEqual(await rig.pass(60_000), ["http://10.0.0.1:1"]);
  rig.addresses.clear();
  assert.deepEqual(await rig.pass(60_000), ["http://10.0.0.1:1"]);
  await rig.pass(60_000);
  const lines = rig.logger.of("peer-name-unresolved").map(({ fields }) => fields);
  const line = { host: "nodes.test", reason: "ENO" };
  assert.deepEqual(lines, [line, line], "once for each time that it begins to fail");
});

test("a peer that no name has is looked for soon, and not more often than that", async () => {
  const rig = new Names(["http://nodes.test:1"]);
  rig.addresses.set("nodes.test", []);
  rig.names.start();
  await rig.pass(0);
  for (let i = 0; i < 5; i++) rig.names.resolveSoon();
  await rig.pass(4_000);
  rig.names.resolveSoon();
  assert.equal(rig.asked.length, 1);
  await rig.pass(1_000);
  assert.equal(rig.asked.length, 2);
});

class Rig {
  readonly clock: ManualClock = new ManualClock();
  readonly events: string[] = [];
  readonly sessions: PeerSessions;

  constructor() {
    this.sessions = new PeerSessions({ node: "n1", incarnation: "own" }, this.clock, {
      began: ({ node }) => this.events.push(`began ${node}`),
      ended: ({ node }) => this.events.push(`ended ${node}`),
    });
  }

  /** `true`, `false`, or the code of the refusal. */
  accept(session: number, number: number, more: Partial<PeerStamp> = {}): unknown {
    const stamp = { node: "n2", incarnation: "two", to: "own", session, number, ...more };
    try {
      return this.sessions.accept(stamp);
    } catch (error) {
      return (error as ServiceError).code;
    }
  }
}

test("a peer that is silent ends, and none of its requests can be replayed afterwards", () => {
  const rig = new Rig();
  assert.deepEqual([rig.accept(5, 0), rig.accept(5, 1)], [true, true]);
  rig.clock.advance(peerLimits.deadMs - 1);
  assert.equal(rig.accept(5, 2), true, "a request in time");
  rig.clock.advance(peerLimits.deadMs + peerLimits.heartbeatMs);
  assert.deepEqual(rig.events, ["began n2", "ended n2"]);
  const replays = [rig.accept(5, 0), rig.accept(5, 1), rig.accept(5, 3), rig.accept(4, 0)];
  assert.deepEqual(new Set(replays), new Set(["peer-session"]));
  rig.clock.advance(peerLimits.clockSkewMs);
  assert.equal(rig.accept(5, 0), "peer-session", "as long as its time could be accepted");
  assert.equal(rig.accept(6, 0), true);
  assert.equal(rig.sessions.named("n2")?.incarnation, "two");
});

test("what this process slept through ends no peer", () => {
  const rig = new Rig();
  rig.accept(5, 0);
  rig.clock.stall(10 * peerLimits.deadMs);
  assert.deepEqual(rig.events, ["began n2"]);
  assert.equal(rig.accept(5, 1), true);
  rig.clock.stall(10 * peerLimits.clockSkewMs);
  assert.equal(rig.accept(5, 0, { node: "n3", incarnation: "three" }), true);
  assert.equal(rig.accept(5, 2), true, "another one that begins makes nobody forget it");
});

test("a node that stops watches no peer any more", () => {
  const rig = new Rig();
  rig.accept(5, 0);
  rig.sessions.stop();
  rig.accept(5, 1);
  rig.clock.advance(10 * peerLimits.deadMs);
  assert.deepEqual([rig.events, rig.clock.pendingTimers], [["began n2"], 0]);
});

test("a second node of a name is refused while the first one is received", () => {
  const rig = new Rig();
  const again = { incarnation: "again" };
  rig.accept(5, 0);
  rig.clock.advance(peerLimits.heartbeatMs);
  assert.equal(rig.accept(9, 0, again), "peer-name");
  assert.equal(rig.accept(9, 0, { node: "n1", incarnation: "x" }), "peer-name", "its own name");
  rig.clock.advance(peerLimits.heartbeatMs);
  assert.equal(rig.accept(9, 0, again), true, "it has restarted");
  assert.deepEqual(rig.events, ["began n2", "ended n2", "began n2"]);
  assert.equal(rig.accept(5, 1), "peer-session");
  assert.equal(rig.accept(6, 0), "peer-name");
});

test("the table of peers has an end, and empties", () => {
  const rig = new Rig();
  for (let i = 0; i < peerLimits.sessionsMax; i++) {
    assert.equal(rig.accept(1, 0, { node: `p${i}`, incarnation: `i${i}` }), true);
  }
  assert.equal(rig.accept(1, 0), "requests-full");
  rig.clock.advance(2 * peerLimits.clockSkewMs + 2 * peerLimits.heartbeatMs);
  assert.equal(rig.accept(1, 0), true);
});

test("a peer that answers again is no longer slow: publishes to all nodes wait for it", () => {
  const queue = new PeerQueue();
  const delayed: string[] = [];
  const add = (topic: string): boolean =>
    queue.add({
      topic,
      payload: new Uint8Array(1),
      retain: false,
      done: () => {},
      delayed: () => void delayed.push(topic),
    });
  add("before");
  queue.take();
  queue.delay();
  add("meanwhile");
  assert.deepEqual(delayed, ["before", "meanwhile"]);
  queue.delivered();
  add("after");
  assert.deepEqual(delayed, ["before", "meanwhile"]);
});
