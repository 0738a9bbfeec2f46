import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { setImmediate, setTimeout } from "node:timers/promises";
import { SystemClock } from "../../../../adapters/system/mod.ts";
import { clockConformance } from "../../../conformance/clock.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

clockConformance("SystemClock", () => ({
  clock: new SystemClock(),
  pass: async (ms) => {
    await setTimeout(ms);
  },
  turn: async () => {
    await setImmediate();
  },
}));

clockConformance("ManualClock", () => {
  const clock = new ManualClock();
  return {
    clock,
    pass: async (ms) => clock.advance(ms),
    turn: async () => clock.turn(),
  };
});

test("SystemClock: a pending timer does not keep the process up", () => {
  // On Node the test runs from dist/js, the other two run the source.
  const module = process.versions.bun || process.versions.deno ? "" : "dist/js/";
  const file = `./${module}adapters/system/mod.${module === "" ? "ts" : "js"}`;
  const script = `import(${JSON.stringify(file)}).then(({ SystemClock }) => {
    new SystemClock().after(60_000, () => {});
  });`;
  const flags = process.versions.deno ? ["eval", "--no-check"] : ["-e"];
  const result = spawnSync(process.execPath, [...flags, script], { timeout: 20_000 });
  assert.equal(result.status, 0, `${result.stderr}`);
});

test("SystemClock: a time that no timer holds is a programmer's error", () => {
  for (const ms of [-1, Number.NaN, 2 ** 31]) {
    assert.throws(() => new SystemClock().after(ms, () => {}), /assertion failed/);
  }
});

test("ManualClock: a timer that a timer starts fires in the same advance, at its own time", () => {
  const clock = new ManualClock(1_000);
  const fired: number[] = [];
  clock.after(10, () => {
    fired.push(clock.now());
    clock.after(10, () => fired.push(clock.now()));
  });
  clock.advance(15);
  assert.deepEqual([fired, clock.now(), clock.pendingTimers], [[1_010], 1_015, 1]);
  clock.advance(5);
  assert.deepEqual([fired, clock.now(), clock.pendingTimers], [[1_010, 1_020], 1_020, 0]);
});

test("ManualClock: each timer is a turn of its own", () => {
  const clock = new ManualClock();
  const order: string[] = [];
  clock.after(1, () => {
    order.push("timer 1");
    clock.endOfTurn(() => order.push("end of 1"));
  });
  clock.after(2, () => order.push("timer 2"));
  clock.advance(2);
  assert.deepEqual(order, ["timer 1", "end of 1", "timer 2"]);
});
