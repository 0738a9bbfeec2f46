import assert from "node:assert/strict";
import { test } from "node:test";
import { mqttLimits } from "../../../../../adapters/mqtt/link/mqtt-limits.ts";
import { UnsentPublishes } from "../../../../../adapters/mqtt/link/unsent-publishes.ts";
import { ServiceError } from "../../../../../core/base/mod.ts";

test("what waits is answered in order, once, when there is room or no connection", () => {
  const unsent = new UnsentPublishes();
  const answers: string[] = [];
  const add = (name: string): void =>
    unsent.add(10, (error) => void answers.push(`${name} ${error?.code ?? "sent"}`));
  add("a");
  add("b");
  assert.equal(unsent.size, 2);
  unsent.answer();
  add("c");
  unsent.answer(new ServiceError("broker-lost", "by hand"));
  unsent.answer();
  assert.deepEqual(answers, ["a sent", "b sent", "c broker-lost"]);
});

test("past 64 MiB the next one is refused, unless the caller bounds them", () => {
  const half = mqttLimits.unansweredBytesMax / 2;
  for (const bounded of [true, false]) {
    const unsent = new UnsentPublishes(bounded);
    assert.equal(unsent.refusal(3 * half), undefined, "one alone may be large");
    unsent.add(half, () => {});
    assert.equal(unsent.refusal(half), undefined);
    unsent.add(half, () => {});
    assert.equal(unsent.refusal(1)?.code, bounded ? "window-full" : undefined);
    unsent.answer();
    assert.equal(unsent.refusal(half), undefined);
  }
});
