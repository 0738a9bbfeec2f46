import assert from "node:assert/strict";
import { test } from "node:test";
import { PresenceMonitor } from "../../../../core/streams/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

function watching(): { clock: ManualClock; monitor: PresenceMonitor; gone: string[] } {
  const clock = new ManualClock();
  const gone: string[] = [];
  return { clock, gone, monitor: new PresenceMonitor(clock, (name) => void gone.push(name)) };
}

test("a name expires once, when three heartbeats are missing", () => {
  const { clock, monitor, gone } = watching();
  monitor.heartbeat("a", 1_000);
  clock.advance(2_999);
  monitor.heartbeat("a", 1_000);
  clock.advance(2_999);
  assert.deepEqual(gone, []);
  clock.advance(1);
  monitor.cleared("a", 1);
  clock.advance(10_000);
  assert.deepEqual(gone, ["a"]);
  assert.equal(clock.pendingTimers, 0);
});

test("a cleared presence has its grace, and one that was forgotten never expires", () => {
  const { clock, monitor, gone } = watching();
  for (const name of ["a", "b", "c"]) monitor.heartbeat(name, 1_000);
  for (const name of ["a", "b"]) monitor.cleared(name, 250);
  monitor.forget("c");
  clock.advance(249);
  monitor.heartbeat("b", 1_000);
  clock.advance(1);
  assert.deepEqual(gone, ["a"]);
  clock.advance(10_000);
  assert.deepEqual(gone, ["a", "b"]);
});

test("while heartbeats cannot come nothing expires; then every name has its full time", () => {
  const { clock, monitor, gone } = watching();
  monitor.heartbeat("a", 1_000);
  monitor.pause();
  monitor.cleared("a", 250);
  monitor.heartbeat("b", 500);
  clock.advance(60_000);
  assert.deepEqual([gone, clock.pendingTimers], [[], 0]);
  monitor.resume();
  clock.advance(1_500);
  assert.deepEqual(gone, ["b"]);
  clock.advance(1_500);
  assert.deepEqual(gone, ["b", "a"]);
});

test("a process that was stopped itself gives every name its time again", () => {
  const { clock, monitor, gone } = watching();
  monitor.heartbeat("a", 1_000);
  clock.stall(10_000);
  assert.deepEqual(gone, []);
  clock.advance(3_000);
  assert.deepEqual(gone, ["a"]);
});
