import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Expiry } from "../../../../../adapters/origin/send/expiry.ts";
import type { PublishDone } from "../../../../../adapters/topics/mod.ts";
import { ServiceError } from "../../../../../core/base/mod.ts";
import { ManualClock } from "../../../../support/memory/mod.ts";
import { readBatch, SendRig, target } from "../../../../support/origins/send-rig.ts";

/** The sending side, a broker that may be away, and what it was given. */
class World extends SendRig {
  readonly clock: ManualClock;
  readonly waiting: PublishDone[] = [];
  readonly published: { topic: string; batch: unknown[]; at: number }[] = [];

  constructor(json: boolean) {
    const clock = new ManualClock();
    super(clock, json, (topic, payload, done) => {
      this.published.push({ topic, batch: readBatch(payload), at: clock.now() });
      this.waiting.push(done);
    });
    this.clock = clock;
    this.lives = false;
  }

  /** Both lose the broker, or have it again. */
  connect(up: boolean): void {
    if (up === this.link.up) return;
    this.link.up = up;
    for (const done of this.waiting.splice(0)) done(new ServiceError("broker-lost", ""));
    this.connected(up);
  }

  confirm(): void {
    for (const done of this.waiting.splice(0)) done();
  }
}

interface Sent {
  readonly number: number;
  readonly expiresAt: number | undefined;
  readonly told: boolean;
}

for (const json of [false, true]) {
  test(`whatever expires during outages, numbers have no gap: json ${json}`, () => {
    const step = fc.oneof(
      fc.record({ ttl: fc.option(fc.nat(50)), told: fc.boolean(), group: fc.boolean() }),
      fc.constantFrom("up", "down", "confirm", "large", "turn"),
      fc.nat(40),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = new World(json);
        const { clock, nodes, groups } = world;
        const sent: Sent[] = [];
        const expired = new Set<number>();
        for (const each of steps) {
          if (typeof each === "number") clock.advance(each);
          else if (each === "up" || each === "down") world.connect(each === "up");
          else if (each === "confirm") world.confirm();
          else if (each === "turn") clock.turn();
          else if (each === "large") nodes.node("n").send(target("n.a"), "x".repeat(70_000));
          else {
            const number = sent.length;
            const { ttl, told } = each;
            const tell = told ? () => void expired.add(number) : undefined;
            const expiry = ttl === null ? undefined : new Expiry(clock, ttl, tell);
            const expiresAt = ttl === null ? undefined : clock.now() + ttl;
            sent.push({ number, expiresAt, told: told && ttl !== null });
            const data = `${number}`;
            if (each.group) groups.add(groups.admit(["publish", "g", data], expiry), "g");
            else nodes.node("n").command(["send", "n.a", data], expiry);
          }
        }
        world.connect(true);
        clock.turn();
        for (let round = 0; round < 200 && world.waiting.length > 0; round++) {
          world.confirm();
          clock.turn();
        }
        clock.turn();
        world.confirm();
        assert.equal(world.direct.bytes + world.grouped.bytes, 0);
        assert.equal(world.grouped.senders.size, 0, "nothing is kept of a group");
        check(world, sent, expired);
      }),
      { numRuns: 300 },
    );
  });
}

/** Each came or expired, in order, without a gap, and none after its time. */
function check(world: World, sent: readonly Sent[], expired: ReadonlySet<number>): void {
  const cameAt = new Map<number, number>();
  let next = 0;
  for (const { topic, batch, at } of world.published) {
    const [, , first, numbered] = batch as [number, string, number, unknown[][]];
    if (!topic.includes("/groups/")) {
      assert.ok(first <= next, "no gap");
      next = Math.max(next, first + numbered.length);
    }
    let last = -1;
    for (const item of (topic.includes("/groups/") ? batch : numbered) as unknown[][]) {
      const number = Number(item[2]);
      if (Number.isNaN(number)) continue;
      assert.ok(number > last, "in order");
      last = number;
      // What is published again may have expired since it went out for the first time.
      if (!cameAt.has(number)) cameAt.set(number, at);
    }
  }
  for (const { number, expiresAt, told } of sent) {
    const at = cameAt.get(number);
    if (at === undefined) assert.ok(expiresAt !== undefined, `${number} is lost`);
    else if (expiresAt !== undefined) assert.ok(at <= expiresAt, `${number} came too late`);
    assert.equal(expired.has(number), told && at === undefined, `${number} is told rightly`);
  }
}

test("what was sent in time leaves no timer behind until its time is over", () => {
  const clock = new ManualClock();
  const expiry = new Expiry(clock, 3_600_000, () => assert.fail("it was sent"));
  assert.equal(clock.pendingTimers, 1);
  assert.equal(expiry.leave(), true);
  assert.equal(clock.pendingTimers, 0);
});
