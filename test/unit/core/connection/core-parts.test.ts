import assert from "node:assert/strict";
import { test } from "node:test";
import { LogLimiter } from "../../../../adapters/log/mod.ts";
import { ManualClock, MemoryLogger, SeededRandom } from "../../../../adapters/memory/mod.ts";
import { ErrorCode, errorCodeOf, limits, nodeOfConnectionId } from "../../../../core/base/mod.ts";
import type { Connection } from "../../../../core/connection/connection.ts";
import { newConnectionId } from "../../../../core/connection/connection-id.ts";
import { Registry } from "../../../../core/connection/registry.ts";

test("every error code has a number of its own", () => {
  const numbers = Object.values(ErrorCode);
  assert.equal(new Set(numbers).size, numbers.length);
  for (const [name, number] of Object.entries(ErrorCode)) assert.equal(errorCodeOf(number), name);
});

test("connection ids carry the node's name, are short, URL-safe and never the same", () => {
  const random = new SeededRandom(1);
  const ids = new Set(Array.from({ length: 1_000 }, () => newConnectionId("n-1", 7, random)));
  assert.equal(ids.size, 1_000);
  for (const id of ids) {
    assert.match(id, /^n-1\.AAAH[A-Za-z0-9_-]{22}$/);
    assert.equal(nodeOfConnectionId(id), "n-1");
  }
  assert.ok(newConnectionId("n".repeat(32), limits.connectionsMax, random).length <= 64);
  for (const bad of ["", "n1", ".x", "N1.x", "n1.", "n1.a b", `${"n".repeat(33)}.x`]) {
    assert.equal(nodeOfConnectionId(bad), undefined, bad);
  }
});

test("the registry gives freed slots out again and no more than it may", () => {
  const registry = new Registry(2);
  const slots = [registry.reserve(), registry.reserve(), registry.reserve()];
  assert.deepEqual(slots, [0, 1, -1]);
  registry.set({ slot: 1, info: "", app: { name: "a" } } as Connection);
  registry.release(1);
  assert.equal(registry.get(1), undefined);
  assert.equal(registry.size, 1);
  assert.equal(registry.reserve(), 1);
});

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
});
