import assert from "node:assert/strict";
import { test } from "node:test";
import { PublishWindow } from "../../../../adapters/mqtt/link/publish-window.ts";
import { PoisonGuard } from "../../../../adapters/mqtt/poison-guard.ts";
import type { PublishDone } from "../../../../adapters/topics/mod.ts";
import { ServiceError } from "../../../../core/base/mod.ts";
import { ManualClock, MemoryLogger } from "../../../support/memory/mod.ts";

interface OnItsWay {
  readonly name: string;
  readonly done: PublishDone;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A publisher that repeats what failed with the connection, and a broker that a test plays. */
class Rig {
  readonly clock = new ManualClock();
  readonly logger = new MemoryLogger();
  readonly publisher: PoisonGuard;
  /** What the broker was given in this session and has not answered. */
  onItsWay: OnItsWay[] = [];
  /** What became of each publish. */
  readonly outcomes = new Map<string, string>();
  readonly #window = new PublishWindow(({ topic }, done) => {
    this.onItsWay.push({ name: topic, done });
  }, false);
  #up = false;
  #kept: { readonly name: string; readonly bytes: number }[] = [];

  constructor() {
    const publish = (topic: string, payload: Uint8Array, done: PublishDone): void => {
      if (this.#up) this.#window.add({ topic, payload, retain: false, done });
      else done(new ServiceError("broker-lost", "down"));
    };
    // As at QoS 0: it is written, and nobody answers.
    const publishAtMostOnce = (_topic: string, _payload: Uint8Array, done: PublishDone): void =>
      done();
    const link = Object.assign(this.#window, { publish, publishAtMostOnce });
    this.publisher = new PoisonGuard(link, this);
  }

  publish(name: string, bytes = 10): void {
    this.#kept.push({ name, bytes });
    if (this.#up) this.#send(name, bytes);
  }

  up(): void {
    this.#up = true;
    this.publisher.connected(true);
    for (const { name, bytes } of this.#kept) this.#send(name, bytes);
  }

  down(): void {
    this.#up = false;
    this.onItsWay = [];
    this.#window.fail(new ServiceError("broker-lost", "down"));
    this.publisher.connected(false);
  }

  /** The broker takes what comes, until it comes to one that it ends the connection over. */
  async session(poison: string, ms = 10): Promise<void> {
    this.up();
    await this.take(poison);
    this.clock.advance(ms);
    this.down();
    await settled();
  }

  async take(poison = ""): Promise<void> {
    while (this.onItsWay.length > 0 && this.onItsWay[0]?.name !== poison) {
      this.onItsWay.shift()?.done();
      await settled();
    }
  }

  #send(name: string, bytes: number): void {
    this.publisher.publish(name, new Uint8Array(bytes), (error) => {
      if (error?.code === "broker-lost") return;
      this.outcomes.set(name, error?.code ?? "taken");
      this.#kept = this.#kept.filter((kept) => kept.name !== name);
    });
  }
}

test("what ends every connection is refused in the end, and all others get through", async () => {
  const rig = new Rig();
  for (const name of ["a", "b", "poison", "c"]) rig.publish(name);
  for (let session = 0; session < 5; session++) await rig.session("poison");
  assert.deepEqual(Object.fromEntries(rig.outcomes), { a: "taken", b: "taken" });
  rig.up();
  await settled();
  await rig.take();
  const { outcomes } = rig;
  assert.deepEqual([outcomes.get("poison"), outcomes.get("c")], ["publish-refused", "taken"]);
  // It may come again: rules change.
  rig.publish("poison");
  await rig.take();
  assert.equal(outcomes.get("poison"), "taken");
  assert.equal(rig.publisher.bytesMax, Number.POSITIVE_INFINITY);
});

test("of a large one the publisher learns what the broker takes", async () => {
  const rig = new Rig();
  rig.publish("poison", 30_000);
  for (let session = 0; session < 5; session++) await rig.session("poison");
  assert.equal(rig.publisher.bytesMax, 15_000);
  const lines = rig.logger.of("packet-limit").map(({ level, fields }) => [level, fields.bytesMax]);
  assert.deepEqual(lines, [["error", 15_000]]);
});

test("one at a time goes out after two short sessions, and all at once afterwards", async () => {
  const rig = new Rig();
  for (const name of ["a", "b", "c"]) rig.publish(name);
  await rig.session("a");
  rig.up();
  assert.equal(rig.onItsWay.length, 3, "one short session proves nothing");
  rig.down();
  rig.up();
  assert.deepEqual(
    rig.onItsWay.map(({ name }) => name),
    ["a"],
  );
  await rig.take();
  assert.deepEqual([...rig.outcomes.keys()], ["a", "b", "c"]);
  for (const name of ["d", "e"]) rig.publish(name);
  assert.equal(rig.onItsWay.length, 1, "the session is still short");
  rig.clock.advance(5_000);
  rig.publish("f");
  rig.onItsWay.shift()?.done();
  rig.publish("g");
  assert.equal(rig.onItsWay.length, 1, "others still wait");
  await rig.take();
  for (const name of ["h", "i"]) rig.publish(name);
  assert.equal(rig.onItsWay.length, 2);
});

test("outages that leave others unanswered each time accuse nobody", async () => {
  const rig = new Rig();
  for (let session = 0; session < 20; session++) {
    rig.publish(`m${session}`);
    rig.publish(`n${session}`);
    // The one before gets through, this one does not.
    await rig.session(`n${session}`);
  }
  rig.up();
  await rig.take();
  assert.ok([...rig.outcomes.values()].every((outcome) => outcome === "taken"));
  assert.equal(rig.outcomes.size, 40);
});

test("long sessions accuse nobody, whatever is left at their end", async () => {
  const rig = new Rig();
  rig.publish("a");
  for (let session = 0; session < 20; session++) await rig.session("a", 6_000);
  rig.up();
  rig.publish("b");
  assert.equal(rig.onItsWay.length, 2);
});

test("at QoS 0, too, short sessions make it careful: then everything is confirmed", async () => {
  const rig = new Rig();
  const publish = (): void => {
    rig.publisher.publishAtMostOnce("a", new Uint8Array(1), () => {});
  };
  for (let session = 0; session < 2; session++) {
    rig.up();
    publish();
    assert.equal(rig.onItsWay.length, 0);
    rig.down();
  }
  rig.up();
  publish();
  assert.equal(rig.onItsWay.length, 1);
  await rig.take();
  rig.clock.advance(5_000);
  publish();
  assert.equal(rig.onItsWay.length, 0, "a session has lasted");
});
