import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

/** A new folder, which goes with the test, or the file of tests, that asks for it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "wss-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
