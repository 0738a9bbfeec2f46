import assert from "node:assert/strict";
import { test } from "node:test";
import { Program } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";

/** Each needs another program; the last one has a test that needs none. */
const files = [
  "broker/outage.node",
  "gateway/groups.node",
  "access/tls.node",
  "programs/browser.node",
  "origin/origin-examples",
];
const hidden = ["mosquitto", "mosquitto_pub", "openssl", "chromium", "python3"];

test("tests whose program is missing are skipped, counted, and told with the reason", async () => {
  const logs = temporaryFolder();
  // Else Node's runner would take itself for a part of this run.
  const env = { NODE_TEST_CONTEXT: "", TEST_LOGS: logs, TEST_WITHOUT: hidden.join(",") };
  const paths = files.map((file) => `integration/${file}.test.ts`);
  const runtimes = ["--runtime", "node", "--runtime", "bun"];
  const run = new Program(process.execPath, ["dist/js/test/run.js", ...runtimes, ...paths], {
    env,
  });
  assert.deepEqual(await run.exited, { code: 0, signal: null }, run.output);
  const last = /^2 passed, 0 failed, (\d+) skipped$/.exec(run.lines.at(-1) ?? "");
  assert.ok(last !== null, run.output);
  const from = run.lines.indexOf("Skipped tests, and why:");
  const told = new Map<string, number>();
  for (const line of run.lines.slice(from + 1, run.lines.indexOf("", from))) {
    const [, count, reason = ""] = /^ +(\d+) {2}(.+)$/.exec(line) ?? [];
    told.set(reason, Number(count));
  }
  const counts = [...told].map(([reason, count]) => [reason.split(" ")[0], count]);
  // A file that needs mosquitto counts as one: `outage` and `groups`, on Node.js alone.
  assert.deepEqual(counts, [
    ["python3", 4],
    ["mosquitto", 2],
    ["chromium", 1],
  ]);
  assert.equal(Number(last[1]), 7);
});
