import assert from "node:assert/strict";
import { test } from "node:test";
import { PeerSessions } from "../../../../adapters/peers/peer-sessions.ts";
import { type PeerStamp, peerLimits } from "../../../../adapters/peers/wire/mod.ts";
import type { ServiceError } from "../../../../core/base/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

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
