import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { originLimits } from "../../../../../adapters/origin/base/origin-limits.ts";
import { PublishBarrier } from "../../../../../adapters/origin/send/publish-barrier.ts";
import { ManualClock } from "../../../../support/memory/mod.ts";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a publish waits for the changes before it, for a time, and for no later one", async () => {
  const clock = new ManualClock();
  const gate = new PublishBarrier(clock);
  const seen: string[] = [];
  gate.publish("g", () => void seen.push("at once"));
  gate.change("g", new Promise(() => {}));
  gate.publish("g", () => void seen.push("late"));
  gate.change("g", new Promise(() => {}));
  gate.publish("other", () => void seen.push("other"));
  clock.advance(originLimits.publishBarrierMs - 1);
  assert.deepEqual(seen, ["at once", "other"]);
  clock.advance(1);
  assert.deepEqual(seen, ["at once", "other", "late"]);
  gate.change("x", Promise.reject(new Error("refused")));
  gate.publish("x", () => void seen.push("x"));
  await settled();
  assert.equal(seen.at(-1), "x");
  assert.equal(clock.pendingTimers, 0);
});

test("whatever is answered first, publishes keep their order behind the changes", async () => {
  const step = fc.oneof(
    fc.constant("change" as const),
    fc.constant("publish" as const),
    fc.nat(9),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const gate = new PublishBarrier(new ManualClock());
      const answers: (() => void)[] = [];
      const open = new Set<number>();
      const published: number[] = [];
      let count = 0;
      for (const each of steps) {
        if (each === "change") {
          const index = answers.length;
          open.add(index);
          const answer = new Promise<void>((resolve) => void answers.push(resolve));
          gate.change("g", answer);
        } else if (each === "publish") {
          const before = [...open];
          const number = count++;
          gate.publish("g", () => {
            assert.ok(before.every((index) => !open.has(index)));
            published.push(number);
          });
        } else if (answers[each] !== undefined) {
          open.delete(each);
          answers[each]();
          await settled();
        }
      }
      open.clear();
      for (const answer of answers) answer();
      await settled();
      assert.deepEqual(
        published,
        Array.from({ length: count }, (_, index) => index),
      );
    }),
    { numRuns: 300 },
  );
});
