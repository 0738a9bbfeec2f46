import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectLimits, type TailLine } from "../../../../core/inspect/mod.ts";
import { Tail } from "../../../../core/inspect/tail.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

const line = { kind: "event", verb: "message" } as unknown as Omit<TailLine, "at">;

test("a line of a tail has the time of day, and its rate goes by time that passes", () => {
  const clock = new ManualClock();
  const seen: number[] = [];
  let leftOut = 0;
  const tail = new Tail({ group: "g", app: "a" }, clock, (lines, missed) => {
    for (const { at } of lines) seen.push(at);
    leftOut += missed.lines;
  });
  clock.set(3_600_000);
  for (let count = 0; count < inspectLimits.linesBurst + 1; count++) tail.add(() => line);
  const now = clock.now();
  clock.set(-7_200_000);
  tail.add(() => line);
  clock.advance(inspectLimits.handOverMs);
  assert.deepEqual(new Set(seen), new Set([now]));
  assert.deepEqual([seen.length, leftOut], [inspectLimits.linesBurst, 2]);
  clock.advance(1_000);
  tail.add(() => line);
  const later = clock.now();
  clock.advance(inspectLimits.handOverMs);
  assert.equal(seen.at(-1), later);
  tail.stop();
});
