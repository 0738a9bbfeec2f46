import assert from "node:assert/strict";
import { test } from "node:test";
import { EventLoopLag } from "../../../../adapters/system/mod.ts";
import { limits } from "../../../../core/base/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

test("a stall is remembered for a while, then forgotten", () => {
  const clock = new ManualClock();
  const lag = new EventLoopLag(clock);
  lag.start();
  clock.advance(1_000);
  assert.equal(lag.longestMs(), 0);
  clock.stall(3_000);
  assert.ok(lag.longestMs() >= 3_000 - limits.loopTickMs);
  assert.ok(lag.longestMs() <= 3_000);
  // The window before the present one counts too.
  clock.advance(2 * limits.loopWindowMs - 4_001);
  assert.ok(lag.longestMs() >= 3_000 - limits.loopTickMs);
  clock.advance(1);
  assert.equal(lag.longestMs(), 0);
});

test("who asks in a stall, before the timer runs, learns of it", () => {
  const times = { now: 0 };
  const clock = {
    now: () => times.now,
    ticks: () => times.now,
    after: () => () => {},
    endOfTurn: () => {},
  };
  const lag = new EventLoopLag(clock);
  lag.start();
  times.now = 7_000 + limits.loopTickMs;
  assert.equal(lag.longestMs(), 7_000);
});

test("a lag that is not measured any more is none", () => {
  const clock = new ManualClock();
  const lag = new EventLoopLag(clock);
  lag.start();
  lag.stop();
  assert.equal(clock.pendingTimers, 0);
  clock.stall(60_000);
  assert.equal(lag.longestMs(), 0);
});
