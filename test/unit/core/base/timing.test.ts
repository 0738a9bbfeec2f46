import assert from "node:assert/strict";
import { test } from "node:test";
import { ReportTimes } from "../../../../core/base/mod.ts";

test("what happens again and again is due at once and then once a minute, with how often", () => {
  let now = 5;
  const reports = new ReportTimes(() => now);
  assert.deepEqual([reports.due("a"), reports.due("a"), reports.due("b")], [1, 0, 1]);
  now += 59_999;
  assert.equal(reports.due("a"), 0);
  now += 1;
  assert.deepEqual([reports.due("a"), reports.due("a"), reports.due("b")], [3, 0, 1]);
});
