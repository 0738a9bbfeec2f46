import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventDestination, OriginDestination } from "../../../../core/ports/mod.ts";
import { OriginDirectory } from "../../../../core/routing/origin-directory.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { handled, RouterRig } from "../../../support/memory-node/router-rig.ts";
import { SimulatedOrigin } from "../../../support/memory-node/simulated-origins.ts";

/** A node whose channel reaches only some of its origins. */
class Rig extends RouterRig {
  /** Names of origins that the channel does not reach. */
  readonly away: Set<string> = new Set();

  constructor(rebalance = false) {
    super({ ackTimeoutMs: 5_000, rebalance });
    const reaches = (destination: EventDestination | OriginDestination): boolean =>
      !("origin" in destination && this.away.has(destination.origin));
    Object.assign(this.network, { reaches });
  }

  /** The channel says that it reaches others than before. */
  async change(...away: readonly string[]): Promise<void> {
    this.away.clear();
    for (const name of away) this.away.add(name);
    this.network.listener.connected(true);
    await this.rest();
  }

  /** Clients until each origin has one, in the order of the origins. */
  async clients() {
    const clients = new Map<string, ReturnType<Rig["node"]["connect"]>>();
    while (clients.size < this.origins.length) {
      const before = new Map(this.origins.map((origin) => [origin, handled(origin).length]));
      const client = this.node.connect();
      await this.handle(...this.origins);
      const owner = this.origins.find((origin) => handled(origin).length > before.get(origin)!);
      clients.set(owner!.name, client);
    }
    return this.origins.map(({ name }) => clients.get(name)!);
  }
}

test("events of an origin that is not reached wait, and those of others do not", async () => {
  const rig = new Rig();
  await rig.start("o1", "o2");
  const [there, away] = rig.origins as [SimulatedOrigin, SimulatedOrigin];
  const [first, second] = await rig.clients();
  await rig.change("o2");
  const before = handled(away).length;
  first!.receive("a");
  second!.receive("b");
  await rig.handle(there, away);
  assert.equal(handled(there).at(-1), "message 1");
  assert.equal(handled(away).length, before);

  await rig.pass(30);
  assert.deepEqual(rig.logged("ack-timeout"), [], "nobody is blamed for what was not sent");
  assert.deepEqual(rig.logged("origin-unreached"), [], "it is back within a minute, mostly");
  assert.deepEqual(rig.logged("origin-left"), []);
  await rig.change();
  await rig.handle(there, away);
  assert.deepEqual(handled(away).slice(before), ["message 1"]);
});

test("an origin that is not reached is told of after a minute, and each minute", async () => {
  const rig = new Rig();
  await rig.start("o1", "o2");
  await rig.change("o2");
  await rig.pass(50);
  await rig.change();
  await rig.pass(2);
  await rig.change("o2");
  await rig.pass(50);
  assert.deepEqual(rig.logged("origin-unreached"), [], "it was back in between");
  await rig.pass(15);
  const [line, ...more] = rig.node.logger.of("origin-unreached");
  assert.equal(line?.level, "warn");
  assert.deepEqual(line.fields, { code: "origin-unreached", origin: "o2", app: "default" });
  assert.equal(more.length, 0);
  rig.network.listener.connected(false);
  await rig.pass(2);
  await rig.change("o2");
  await rig.pass(57);
  assert.equal(rig.logged("origin-unreached").length, 1, "all was away in between");
  await rig.pass(75);
  assert.equal(rig.logged("origin-unreached").length, 3);
  assert.equal(rig.node.metrics.value("wss_errors_total", { code: "origin-unreached" }), 3);
  assert.deepEqual(rig.logged("origin-left"), []);
});

test("a change that does not concern an origin repeats nothing to it", async () => {
  const rig = new Rig();
  await rig.start("o1", "o2");
  const [first] = await rig.clients();
  first!.receive("a");
  rig.clock.turn();
  const underWay = rig.network.underWay;
  assert.ok(underWay > 0);
  rig.away.add("o2");
  rig.network.listener.connected(true);
  assert.equal(rig.network.underWay, underWay);
});

test("brokers that come and go do not keep an origin alive that is silent", async () => {
  const rig = new Rig();
  await rig.start("o1", "o2");
  rig.network.origins.delete("o2");
  for (let times = 0; times < 100; times++) {
    rig.clock.advance(100);
    rig.network.listener.connected(true);
  }
  assert.equal(rig.logged("origin-left").length, 2, "neither has announced itself for 10 s");
});

test("an idle connection is not moved to an origin that the channel does not reach", async () => {
  const rig = new Rig(true);
  await rig.start("o1", "o2");
  await rig.change("o2");
  for (let client = 0; client < 20; client++) rig.node.connect();
  await rig.handle(...rig.origins);
  await rig.pass(10);
  const moved = (): number => rig.node.metrics.total("wss_connections_rebalanced_total");
  assert.equal(moved(), 0);
  await rig.change();
  await rig.pass(10);
  assert.ok(moved() > 0, "then it is");
});

test("who is new goes past an origin that the channel does not reach", async () => {
  const rig = new Rig();
  await rig.start("o1", "o2");
  await rig.change("o2");
  for (let client = 0; client < 20; client++) rig.node.connect();
  await rig.handle(...rig.origins);
  const found = rig.origins.map((origin) => handled(origin).length);
  assert.deepEqual(found, [20, 0]);
});

/** A node in `auto` whose broker is slow, and the first origin that announces itself. */
class Transition extends RouterRig {
  readonly origin = new SimulatedOrigin("o1", "i1");

  constructor() {
    super({ mode: "auto" });
    this.network.origins.set("o1", this.origin);
  }

  announce(): void {
    this.network.announce(this.origin, this.clock.now());
  }

  /** What has arrived: at subscribers of open mode, and at the origin. */
  get arrived(): string[] {
    const { inbox } = this.origin;
    const batches = [...this.network.received, ...inbox];
    return batches.flatMap(([, , , items]) => items.map(([verb, , seq]) => `${verb} ${seq}`));
  }

  /** What was logged of events that come too late. */
  get late(): unknown[] {
    return this.node.logger.of("events-late").map(({ fields }) => fields);
  }

  /** The broker takes one publish after the other. What arrived, in its order. */
  deliverAll(): string[] {
    const order: string[] = [];
    for (let round = 0; round < 10; round++) {
      while (this.network.underWay > 0) {
        const before = new Set(this.arrived);
        this.network.deliver();
        order.push(...this.arrived.filter((event) => !before.has(event)));
      }
      this.clock.advance(10);
      this.clock.turn();
    }
    return order.filter((event) => !event.startsWith("alive"));
  }
}

/** One event of open mode is on its way, a second one waits for that, a third is the origin's. */
async function transition(): Promise<Transition> {
  const rig = new Transition();
  await rig.node.gateway.start();
  const client = rig.node.connect();
  for (const step of [() => client.receive("1"), () => rig.announce()]) {
    rig.clock.turn();
    step();
  }
  client.receive("2");
  rig.clock.turn();
  return rig;
}

const inOrder = ["open 0", "message 1", "assigned 2", "message 2"];

test("what open mode has written goes out before what follows goes to an origin", async () => {
  const rig = await transition();
  assert.deepEqual([rig.deliverAll(), rig.late], [inOrder, []]);
});

test("it does so after an outage of any length, too", async () => {
  const rig = await transition();
  rig.network.disconnect();
  rig.clock.advance(60_000);
  rig.network.connect();
  rig.announce();
  assert.deepEqual(rig.deliverAll(), inOrder);
});

test("a broker that confirms nothing holds the origin up for 10 s at most", async () => {
  const rig = await transition();
  for (let second = 0; second < 9; second++) {
    rig.clock.advance(1_000);
    rig.announce();
  }
  rig.clock.advance(900);
  assert.equal(rig.network.underWay, 1);
  assert.deepEqual(rig.late, []);
  rig.clock.advance(200);
  assert.equal(rig.network.underWay, 2);
  assert.deepEqual(rig.late, [{ code: "events-unconfirmed", events: 2, app: "default" }]);
  assert.equal(rig.node.metrics.value("wss_errors_total", { code: "events-unconfirmed" }), 1);
});

test("a plain client that subscribes receives all, until an origin announces itself", async () => {
  const rig = await new RouterRig({ mode: "auto" }).start();
  const received = rig.network.received;
  const client = rig.node.connect();
  client.receive("a");
  await rig.rest();
  const verbs = (): string[] =>
    received.flatMap(([, , , items]) => items.map(([verb, , seq]) => `${verb} ${seq}`));
  assert.deepEqual(verbs(), ["open 0", "message 1"]);
  await rig.join("o1");
  client.receive("b");
  await rig.handle(...rig.origins);
  assert.deepEqual([verbs().length, handled(...rig.origins)], [2, ["message 2"]]);
});

const presence = (incarnation: string = "i1") =>
  ({ v: 1, incarnation, at: 0, every: 1_000 }) as const;

function watched(): { clock: ManualClock; directory: OriginDirectory; told: string[] } {
  const clock = new ManualClock();
  const told: string[] = [];
  const directory = new OriginDirectory(clock, {
    joined: ({ name }) => void told.push(`joined ${name}`),
    leaving: (name) => void told.push(`leaving ${name}`),
    left: (name) => void told.push(`left ${name}`),
  });
  return { clock, directory, told };
}

test("an origin is gone a moment after its Will, unless it says that it lives", () => {
  const { clock, directory, told } = watched();
  directory.presence("o1", presence());
  directory.presence("o1", undefined);
  clock.advance(200);
  directory.presence("o1", presence());
  clock.advance(1_000);
  directory.presence("o1", undefined);
  clock.advance(251);
  assert.deepEqual(told, ["joined o1", "left o1"]);
});

test("another incarnation under a name is the end of the one before", () => {
  const { directory, told } = watched();
  directory.presence("o1", presence("i1"));
  directory.presence("o1", presence("i1"));
  assert.deepEqual(told, ["joined o1"]);
  directory.presence("o1", presence("i2"));
  assert.deepEqual(told, ["joined o1", "left o1", "joined o1"]);
});

test("while the broker is away nobody is gone, whatever came last", () => {
  const { clock, directory, told } = watched();
  directory.presence("o1", presence());
  directory.presence("o2", presence());
  directory.connected(false);
  directory.presence("o1", undefined);
  directory.presence("o2", presence());
  clock.advance(60_000);
  assert.deepEqual(told, ["joined o1", "joined o2"]);
  directory.connected(true);
  clock.advance(2_000);
  directory.presence("o2", presence());
  clock.advance(1_000);
  assert.deepEqual(told, ["joined o1", "joined o2", "left o1"]);
});

test("a node that was stopped itself gives every origin its time again", () => {
  const { directory, clock, told } = watched();
  directory.presence("o1", presence());
  clock.stall(10_000);
  assert.deepEqual(told, ["joined o1"]);
  directory.presence("o1", presence());
  clock.advance(2_000);
  assert.deepEqual(told, ["joined o1"]);
  clock.advance(2_000);
  assert.deepEqual(told, ["joined o1", "left o1"]);
});
