import assert from "node:assert/strict";
import { test } from "node:test";
import { LoopbackCheck } from "../../../../adapters/topics/loopback-check.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

/** `CommandLoopback`, which stands on it, has tests of what is told of a broker. */
function rig() {
  const [clock, told] = [new ManualClock(), [] as (string | undefined)[]];
  const made = { clock, told, up: true };
  const watch: LoopbackCheck = new LoopbackCheck(clock, {
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
