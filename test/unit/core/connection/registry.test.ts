import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connection } from "../../../../core/connection/connection.ts";
import { Registry } from "../../../../core/connection/registry.ts";

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
