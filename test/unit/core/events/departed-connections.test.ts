import assert from "node:assert/strict";
import { test } from "node:test";
import { DepartedConnections } from "../../../../core/events/departed-connections.ts";
import type { KnownConnection } from "../../../../core/events/mod.ts";

function departed(...lastItems: readonly number[]): DepartedConnections {
  const all = new DepartedConnections();
  for (const lastItem of lastItems) {
    all.add({ id: String(lastItem) } as KnownConnection, lastItem);
  }
  return all;
}

const idsOf = (all: DepartedConnections): string[] => all.take().map(({ id }) => id);

test("a connection whose last event is confirmed is kept no more", () => {
  const all = departed(2, 4, 4, 7);
  all.confirm(4);
  assert.deepEqual(idsOf(all), ["7"]);
});

test("so is one whose last event is confirmed ahead of others", () => {
  for (const [first, end, kept] of [
    [2, 4, ["2", "7"]],
    [1, 4, ["7"]],
    [3, 6, ["2", "7"]],
    [4, 6, ["2", "4", "4", "7"]],
    [0, 1, ["2", "4", "4", "7"]],
    [6, 9, ["2", "4", "4"]],
  ] as const) {
    const all = departed(2, 4, 4, 7);
    all.confirmBeyond(first, end);
    assert.deepEqual(idsOf(all), kept, `${first} to ${end}`);
  }
});
