import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventDestination, OriginDestination } from "../../../../core/ports/mod.ts";
import { handled, RouterRig } from "../../../support/memory-node/router-rig.ts";
import type { SimulatedOrigin } from "../../../support/memory-node/simulated-origins.ts";

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
