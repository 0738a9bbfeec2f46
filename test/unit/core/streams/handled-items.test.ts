import assert from "node:assert/strict";
import { test } from "node:test";
import { HandledItems } from "../../../../core/streams/mod.ts";

test("what is handled behind a batch that takes long is told as ranges", () => {
  const told: unknown[] = [];
  const items = new HandledItems("s", () => {
    told.push([items.handled, items.beyond.map((range) => [...range])]);
  });
  const [a, b, c, d, e] = [2, 3, 6, 7, 9].map((end) => items.begin(end));
  items.settle(d!);
  items.settle(b!);
  items.settle(c!);
  items.settle(a!);
  items.settle(e!);
  assert.deepEqual(told, [
    [0, [[6, 7]]],
    [
      0,
      [
        [2, 3],
        [6, 7],
      ],
    ],
    [0, [[2, 7]]],
    [7, []],
    [9, []],
  ]);
});

test("ranges grow on either side, and stay where a batch between is handled last", () => {
  const items = new HandledItems("s", () => {});
  const records = [1, 2, 3, 4, 5, 6, 7, 8].map((end) => items.begin(end));
  for (const index of [4, 5, 3, 7]) items.settle(records[index]!);
  assert.deepEqual(items.beyond, [
    [3, 6],
    [7, 8],
  ]);
  for (const index of [0, 2, 1]) items.settle(records[index]!);
  assert.deepEqual([items.handled, items.beyond], [6, [[7, 8]]]);
  items.settle(records[6]!);
  assert.deepEqual([items.handled, items.beyond], [8, []]);
});

test("a batch is handled when it is read and each of its events is", () => {
  const items = new HandledItems("s", () => {});
  const record = items.begin(3);
  record.pending += 2;
  items.settle(record);
  items.settle(record);
  assert.equal(items.handled, 0);
  items.settle(record);
  assert.equal(items.handled, 3);
});
