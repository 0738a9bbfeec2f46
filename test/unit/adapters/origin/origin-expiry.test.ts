import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import fc from "fast-check";
import { ManualClock } from "../../../../adapters/memory/mod.ts";
import type { MqttLink } from "../../../../adapters/mqtt/link/mqtt-link.ts";
import type { PublishDone } from "../../../../adapters/mqtt/link/publish-window.ts";
import { Topics } from "../../../../adapters/mqtt/wire/topics.ts";
import { packId } from "../../../../adapters/origin/dispatch/connection.ts";
import { Expiry } from "../../../../adapters/origin/send/expiry.ts";
import { GroupOutbox } from "../../../../adapters/origin/send/group-outbox.ts";
import { Outbox } from "../../../../adapters/origin/send/outbox.ts";
import { ServiceError } from "../../../../core/base/mod.ts";

const ids = [packId("n.a")];

/** Both outboxes, a broker that may be away, and what it was given. */
class World {
  readonly clock = new ManualClock();
  readonly waiting: PublishDone[] = [];
  readonly published: { topic: string; batch: unknown[]; at: number }[] = [];
  readonly failures: ServiceError[] = [];
  readonly link = {
    up: true,
    packetBytesMax: undefined,
    publish: (topic: string, payload: Uint8Array, done: PublishDone): void => {
      const text = new TextDecoder().decode(payload);
      const batch = (payload[0] === 0x5b ? JSON.parse(text) : decode(payload)) as unknown[];
      this.published.push({ topic, batch, at: this.clock.now() });
      this.waiting.push(done);
    },
  };
  readonly outbox: Outbox;
  readonly groups: GroupOutbox;

  constructor(json: boolean) {
    const failed = (error: ServiceError): void => void this.failures.push(error);
    const identity = { app: "default", name: "o", incarnation: "i", topics: new Topics() };
    const options = { ...identity, json, failed, lives: () => false };
    const link = this.link as unknown as MqttLink;
    this.outbox = new Outbox(link, this.clock, options);
    this.groups = new GroupOutbox(link, this.clock, { json, failed });
  }

  /** Both lose the broker, or have it again. */
  connect(up: boolean): void {
    this.link.up = up;
    const lost = this.waiting.splice(0);
    if (!up) for (const done of lost) done(new ServiceError("broker-lost", ""));
    this.outbox.connected(up);
    this.groups.connected(up);
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
        const { clock, outbox, groups } = world;
        const sent: Sent[] = [];
        const expired = new Set<number>();
        for (const each of steps) {
          if (typeof each === "number") clock.advance(each);
          else if (each === "up" || each === "down") world.connect(each === "up");
          else if (each === "confirm") world.confirm();
          else if (each === "turn") clock.turn();
          else if (each === "large") outbox.node("n").send(ids[0]!, "x".repeat(70_000));
          else {
            const number = sent.length;
            const { ttl, told } = each;
            const tell = told ? () => void expired.add(number) : undefined;
            const expiry = ttl === null ? undefined : new Expiry(clock, ttl, tell);
            const expiresAt = ttl === null ? undefined : clock.now() + ttl;
            sent.push({ number, expiresAt, told: told && ttl !== null });
            if (each.group) groups.add("g", groups.admit(["publish", "g", `${number}`], expiry));
            else
              outbox.node("n").sendMany(ids, `${number}`, expiry === undefined ? {} : { expiry });
          }
        }
        world.connect(true);
        for (let round = 0; round < 200 && world.waiting.length > 0; round++) {
          world.confirm();
          clock.turn();
        }
        clock.turn();
        world.confirm();
        assert.equal(outbox.queuedBytes + groups.queuedBytes, 0);
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
    if (topic !== "g") {
      assert.ok(first <= next, "no gap");
      next = Math.max(next, first + numbered.length);
    }
    let last = -1;
    for (const item of (topic === "g" ? batch : numbered) as unknown[][]) {
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
