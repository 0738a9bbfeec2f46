import assert from "node:assert/strict";
import { test } from "node:test";
import { afterAwake, limits, ReportTimes } from "../../../../core/base/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

test("what happens again and again is due at once and then once a minute, with how often", () => {
  let now = 5;
  const reports = new ReportTimes(() => now);
  assert.deepEqual([reports.due("a"), reports.due("a"), reports.due("b")], [1, 0, 1]);
  now += 59_999;
  assert.equal(reports.due("a"), 0);
  now += 1;
  assert.deepEqual([reports.due("a"), reports.due("a"), reports.due("b")], [3, 0, 1]);
});

test("a wait that this process slept through starts again, and ends once", () => {
  const clock = new ManualClock();
  let calls = 0;
  afterAwake(clock, 1_000, () => calls++);
  clock.stall(1_000 + limits.stallMs + 1);
  assert.equal(calls, 0);
  clock.advance(999);
  clock.set(-3_600_000);
  assert.equal(calls, 0);
  clock.advance(1);
  assert.deepEqual([calls, clock.pendingTimers], [1, 0]);
  afterAwake(clock, 1_000, () => calls++);
  clock.stall(1_000 + limits.stallMs);
  assert.equal(calls, 2, "a timer may be late by as much");
});

test("a wait that started again is cancelled by the same function", () => {
  const clock = new ManualClock();
  const cancel = afterAwake(clock, 1_000, () => assert.fail("it was cancelled"));
  clock.stall(10_000);
  cancel();
  clock.advance(10_000);
  assert.equal(clock.pendingTimers, 0);
});
