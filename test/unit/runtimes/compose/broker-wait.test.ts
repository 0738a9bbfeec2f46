import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { waitForBroker } from "../../../../runtimes/compose/broker-wait.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

/** A wait for a broker that a test lets connect or refuse. */
class Wait {
  readonly clock: ManualClock = new ManualClock();
  readonly refusals: string[] = [];
  readonly over: Promise<void>;
  connect: () => void = () => {};
  refuse: () => void = () => {};

  constructor() {
    const connected = new Promise<void>((resolve, reject) => {
      this.connect = resolve;
      this.refuse = () => reject(new Error("bad password"));
    });
    const refusedLater = ({ message }: Error): void => void this.refusals.push(message);
    this.over = waitForBroker(connected, this.clock, refusedLater);
  }
}

test("the start goes on when the broker is connected", async () => {
  const wait = new Wait();
  wait.connect();
  await wait.over;
});

test("a broker that refuses at the start fails the start", async () => {
  const wait = new Wait();
  wait.refuse();
  await assert.rejects(wait.over, /bad password/);
  assert.deepEqual(wait.refusals, []);
});

test("the start goes on without a broker, which may refuse later", async () => {
  const wait = new Wait();
  wait.clock.advance(limits.brokerStartWaitMs);
  await wait.over;
  wait.refuse();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(wait.refusals, ["bad password"]);
});
