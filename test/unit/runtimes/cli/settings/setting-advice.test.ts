import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../../../../../core/config/mod.ts";
import { adviceOn } from "../../../../../runtimes/cli/settings/mod.ts";

function adviceFor(port: string): string[] {
  const flags = { "admin-port": port };
  return adviceOn(readSettings({ flags, environment: {}, file: undefined, defaults: {} }));
}

test("an admin port that browsers refuse gets a line, and no other port does", () => {
  for (const port of ["1", "22", "5060", "6000", "6669", "10080"]) {
    const [line, ...more] = adviceFor(port);
    assert.match(line ?? "", new RegExp(`^--admin-port ${port} is a port that browsers refuse`));
    assert.equal(more.length, 0);
  }
  for (const port of ["0", "80", "443", "8081", "6664", "6670", "10081"]) {
    assert.deepEqual(adviceFor(port), [], port);
  }
});
