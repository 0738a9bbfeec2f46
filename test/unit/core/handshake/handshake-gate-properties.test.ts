import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../../../../core/base/mod.ts";
import type { MemorySocket } from "../../../support/memory/mod.ts";
import { HandshakeRig } from "../../../support/memory-node/handshake-rig.ts";
import { idOf } from "../../../support/memory-node/memory-node.ts";

/** What happens next. Numbers choose among what there is. */
type Step =
  | readonly ["ask"]
  | readonly ["accept", number, readonly string[], string | undefined]
  | readonly ["reject" | "open" | "abandon" | "hang-up", number]
  | readonly ["outage", boolean]
  | readonly ["refuse", boolean]
  | readonly ["wait", number];

const which = fc.nat(20);
const groups = fc.uniqueArray(fc.constantFrom("a", "b"), { maxLength: 2 });
const users = fc.constantFrom(undefined, "u1", "u2");
const one = <T extends Step[0], V>(weight: number, what: T, value: fc.Arbitrary<V>) => ({
  weight,
  arbitrary: fc.tuple(fc.constant(what), value),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(["ask"] as const) },
  { weight: 7, arbitrary: fc.tuple(fc.constant("accept" as const), which, groups, users) },
  one(1, "reject", which),
  one(5, "open", which),
  one(1, "abandon", which),
  one(2, "hang-up", which),
  one(2, "outage", fc.boolean()),
  one(1, "refuse", fc.boolean()),
  one(3, "wait", fc.constantFrom(1, 2_000, 5_000, 30_000)),
);

/** Clients, the runtime that serves them and an origin, all of them moody. */
class World {
  readonly rig: HandshakeRig;
  readonly ids: string[] = [];
  readonly sockets: MemorySocket[] = [];
  /** Admissions that the runtime has used. */
  readonly used = new Set<number>();
  #told = 0;

  constructor(rig: HandshakeRig) {
    this.rig = rig;
  }

  async do(step: Step): Promise<void> {
    const { rig } = this;
    const [what, value] = step;
    if (what === "ask") await rig.ask();
    else if (what === "wait") await rig.wait(value);
    else if (what === "outage") rig.broker.up = value;
    else if (what === "refuse" && value) rig.broker.refusedGroups.add("default/a");
    else if (what === "refuse") rig.broker.refusedGroups.clear();
    else if (what === "accept") this.#accept(step);
    else this.#who(what, value as number);
    await rig.rest();
    const { published: events } = rig;
    for (; this.#told < events.length; this.#told++) {
      const [, , verb, id] = events[this.#told]!;
      if (verb === "connect") this.ids.push(id as string);
    }
  }

  #accept([, number, groups, user]: Step & readonly ["accept", ...unknown[]]): void {
    const id = this.ids[number % Math.max(1, this.ids.length)];
    if (id !== undefined) this.rig.node.local([["accept", id, { groups, user, ref: id }]]);
  }

  #who(what: string, number: number): void {
    const { rig, ids, sockets, used } = this;
    const index = number % Math.max(1, rig.answers.length);
    const answer = rig.answers[index];
    if (what === "reject" && ids.length > 0) {
      rig.node.local([["reject", ids[number % ids.length], 403]]);
    } else if (what === "hang-up") {
      sockets.splice(number % Math.max(1, sockets.length), 1)[0]?.clientCloses(1_000, "");
    } else if (answer?.accepted && !used.has(index)) {
      used.add(index);
      if (what === "abandon") rig.node.gateway.abandon(answer);
      else if (what === "open") sockets.push(rig.node.open(answer));
    }
  }

  /** Everybody goes, or everybody is drained. */
  async end(drains: boolean): Promise<void> {
    const { rig } = this;
    await this.do(["outage", true]);
    const drained = drains ? rig.node.gateway.drain(0) : undefined;
    if (!drains) for (const socket of this.sockets) socket.cut();
    await rig.wait(limits.reservationMs);
    await rig.wait(limits.groupWaitMs);
    await rig.wait(limits.shutdownFlushMs);
    await drained;
    rig.isEmpty(drains ? 0 : rig.timers);
  }
}

test("whatever becomes of handshakes: each is answered once, nothing of them is left", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40, size: "max" }),
      fc.boolean(),
      async (steps, drains) => {
        const rig = await HandshakeRig.start({ authorizeTimeoutMs: 5_000 });
        const world = new World(rig);
        for (const one of steps) await world.do(one);
        const { taken, waiting } = rig.node;
        const undecided = rig.answers.filter((answer) => answer === undefined).length;
        assert.ok(waiting <= undecided && undecided <= taken, "places of those who wait");
        const ids = world.sockets.map(idOf);
        assert.equal(new Set(ids).size, ids.length, "each its own id");
        await world.end(drains);
        assert.ok(!rig.answers.includes(undefined), "everybody was answered");
        const opens = rig.told("open").map(([id]) => id);
        const closes = rig.told("close").map(([id]) => id);
        assert.deepEqual(new Set(closes), new Set(opens), "a close for each open");
        assert.equal(closes.length, opens.length);
        const accepted = rig.told("reply").filter(([id, result]) => {
          return (result as Record<string, string>)[id as string] === "accepted";
        });
        assert.equal(new Set(accepted.map(([id]) => id)).size, accepted.length, "decided once");
      },
    ),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 500) },
  ));
