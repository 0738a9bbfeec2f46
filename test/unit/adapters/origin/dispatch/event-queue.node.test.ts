import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { OriginEvent } from "../../../../../adapters/origin/base/mod.ts";
import { EventQueue, WaitingBudget } from "../../../../../adapters/origin/dispatch/event-queue.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("an iterator that is read keeps no event that it has given", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const queue = new EventQueue(
    new WaitingBudget(),
    () => true,
    () => {},
  );
  const given: WeakRef<OriginEvent>[] = [];
  const events = 500;
  const push = (): void => {
    const event = { type: "alive", connections: [] } as const;
    given.push(new WeakRef<OriginEvent>(event));
    queue.push(event);
  };
  // One always waits: the iterator is a little slower than what comes.
  push();
  for (let index = 0; index < events; index++) {
    push();
    assert.equal((await queue.next()).done, false);
  }
  // A reference that was looked at holds what it names until the turn ends.
  await turn();
  collect();
  const kept = given.filter((event) => event.deref() !== undefined).length;
  assert.ok(kept <= 10, `${kept} of ${events} are kept`);
});
