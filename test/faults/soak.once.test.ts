import assert from "node:assert/strict";
import { test } from "node:test";
import { withSoakRun } from "./soak-table.ts";

const run = {
  ...{ date: "2026-12-07", commit: "abc1234", minutes: 10, runs: 42 },
  ...{ seeds: "7–9", outcome: "as promised" },
};
const line = "| 2026-12-07 | abc1234 | 10 | 42 | 7–9 | as promised |";

test("a soak adds its line to the page's table, which the first one begins", () => {
  const first = withSoakRun("# Page\n", run);
  assert.match(first, /^# Page\n\n<!-- Written by npm run soak\. -->\n\n\| date \|/);
  const second = withSoakRun(`${first}\nafter\n`, run);
  assert.equal(second.split(line).length, 3);
  assert.ok(second.endsWith(`${line}\n${line}\n\n<!-- end -->\n\nafter\n`), second);
});
