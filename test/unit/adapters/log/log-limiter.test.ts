import assert from "node:assert/strict";
import { test } from "node:test";
import { LogLimiter } from "../../../../adapters/log/mod.ts";
import { ManualClock, MemoryLogger } from "../../../support/memory/mod.ts";

test("lines of one code are held back past a number a second, and counted", () => {
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const limiter = new LogLimiter(logger, clock, 2);
  for (let index = 0; index < 5; index++) limiter.log("warn", "refused", "no", { code: "a" });
  limiter.log("warn", "refused", "no", { code: "b" });
  assert.equal(logger.records.length, 3);
  clock.advance(1_000);
  limiter.log("warn", "refused", "no", { code: "a" });
  assert.equal(logger.records.length, 5);
  assert.equal(logger.records[3]?.fields.kept, 3);
  for (let index = 0; index < 3; index++) limiter.log("warn", "refused", "no", { code: "a" });
  clock.advance(1_000);
  assert.deepEqual(
    logger.records.slice(5).map(({ fields }) => fields.kept),
    [undefined, 2],
  );
  assert.equal(clock.pendingTimers, 0);
});
