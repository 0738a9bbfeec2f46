import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../../../../../core/config/mod.ts";
import { adviceOn } from "../../../../../runtimes/cli/settings/mod.ts";

function adviceFor(flags: Readonly<Record<string, string>>): string[] {
  return adviceOn(readSettings({ flags, environment: {}, file: undefined, defaults: {} }));
}

test("an admin port that browsers refuse gets a line, and no other port does", () => {
  for (const port of ["1", "22", "5060", "6000", "6669", "10080"]) {
    const [line, ...more] = adviceFor({ "admin-port": port });
    assert.match(line ?? "", new RegExp(`^--admin-port ${port} is a port that browsers refuse`));
    assert.equal(more.length, 0);
  }
  for (const port of ["0", "80", "443", "8081", "6664", "6670", "10081"]) {
    assert.deepEqual(adviceFor({ "admin-port": port }), [], port);
  }
});

test("messages that may be sent and fit no client's queue get a line", () => {
  const queue = { "send-queue-size": "64KiB" };
  const [line, ...more] = adviceFor({ ...queue, "max-publish-size": "65537" });
  assert.match(line ?? "", /^--max-publish-size is above --send-queue-size: .*queue-too-small/);
  assert.equal(more.length, 0);
  assert.deepEqual(adviceFor({ ...queue, "max-publish-size": "64KiB" }), []);
});
