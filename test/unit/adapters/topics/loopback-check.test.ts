import assert from "node:assert/strict";
import { test } from "node:test";
import { LoopbackCheck } from "../../../../adapters/topics/loopback-check.ts";
import { ServiceError } from "../../../../core/base/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

interface Rig {
  readonly clock: ManualClock;
  readonly watch: LoopbackCheck;
  readonly told: (string | undefined)[];
  up: boolean;
}

function rig(): Rig {
  const [clock, told] = [new ManualClock(), [] as (string | undefined)[]];
  const made = { clock, told, up: true } as Rig;
  const watch = new LoopbackCheck(clock, {
    topic: "t",
    hint: "h",
    publishProbe: () => watch.published(),
    up: () => made.up,
    onResult: (error) => void told.push(error === undefined ? undefined : error.message),
  });
  return Object.assign(made, { watch });
}

test("a loopback: a broker that says nothing at all, as one that hangs, is not accused", () => {
  const { clock, watch, told } = rig();
  watch.published();
  clock.advance(60_000);
  assert.deepEqual(told, []);
  watch.answered(undefined);
  watch.received();
  clock.advance(60_000);
  assert.deepEqual(told, [undefined]);
});

test("a loopback: what is confirmed and does not come back is told", () => {
  const { clock, watch, told } = rig();
  watch.published();
  watch.answered(undefined);
  watch.published();
  watch.answered(undefined);
  clock.advance(5_000);
  // The broker may stand still since: its next answer says that it does not.
  assert.deepEqual(told, []);
  watch.answered(undefined);
  assert.equal(told.length, 1);
  assert.match(String(told[0]), /not let this user read and write t: .*; h$/);
});

test("a loopback: a broker that confirms and then stands still for long is not accused", () => {
  const { clock, watch, told } = rig();
  watch.published();
  watch.answered(undefined);
  clock.advance(60_000);
  watch.received();
  watch.answered(undefined);
  clock.advance(60_000);
  assert.deepEqual(told, [undefined]);
});

test("a loopback: a process that stood still, or lost its broker, waits anew", () => {
  const stalled = rig();
  stalled.watch.published();
  stalled.watch.answered(undefined);
  stalled.clock.stall(20_000);
  assert.deepEqual(stalled.told, []);
  const cut = rig();
  cut.watch.published();
  cut.watch.answered(undefined);
  cut.up = false;
  cut.clock.advance(5_000);
  assert.deepEqual(cut.told, []);
});

test("a loopback: a refusal is told at once, the end of the connection the third time", () => {
  const { watch, told } = rig();
  watch.published();
  watch.answered(new ServiceError("publish-refused", "no"));
  assert.match(String(told[0]), /not let this user write t/);
  for (let count = 0; count < 3; count++) {
    assert.equal(told.length, 1);
    watch.published();
    watch.answered(undefined);
    watch.disconnected();
  }
  assert.match(String(told[1]), /ends the connection/);
});
