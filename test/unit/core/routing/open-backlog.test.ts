import assert from "node:assert/strict";
import { test } from "node:test";
import { handled, RouterRig } from "../../../support/memory-node/router-rig.ts";
import { SimulatedOrigin } from "../../../support/memory-node/simulated-origins.ts";

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
