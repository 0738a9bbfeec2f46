import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSettings } from "../../../../../core/config/mod.ts";
import { createAuthorizer } from "../../../../../runtimes/cli/settings/mod.ts";
import { ManualClock, MemoryLogger } from "../../../../support/memory/mod.ts";

/** What is said of the file of `setting`. */
async function refusalOf(setting: "jwt-secret-file" | "jwt-key", text: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "keys-"));
  const path = join(folder, "key");
  writeFileSync(path, text);
  const flags = { authorize: "jwt", [setting]: path };
  const settings = readSettings({ flags, environment: {}, file: undefined, defaults: {} });
  try {
    await createAuthorizer(settings, { clock: new ManualClock(), logger: new MemoryLogger() });
    return "";
  } catch (error) {
    return (error as Error).message;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a key that cannot be used is told by the setting that gave it", async () => {
  const short = await refusalOf("jwt-secret-file", "too short\n");
  assert.equal(short, "jwt-secret-file: must have at least 32 bytes");
  for (const text of ["", "\n"]) {
    assert.match(await refusalOf("jwt-secret-file", text), /^--jwt-secret-file: .* is empty$/);
  }
  const pem = `-----BEGIN PUBLIC KEY-----\n${"A".repeat(64)}\n-----END PUBLIC KEY-----\n`;
  assert.match(await refusalOf("jwt-secret-file", pem), /^jwt-secret-file: is a PEM file; /);
  assert.match(await refusalOf("jwt-key", ""), /^--jwt-key: .* is empty$/);
  assert.match(await refusalOf("jwt-key", "no key"), /^jwt-key: must be a PEM file/);
  assert.equal(await refusalOf("jwt-secret-file", "a secret of thirty-two bytes, or more"), "");
});
