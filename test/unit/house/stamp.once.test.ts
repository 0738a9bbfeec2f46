import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

test("the stamp beside the WebAssembly module is that of its sources", async () => {
  const { isWasmStamped } = await import(pathToFileURL(resolve(".ci/prepare.mjs")).href);
  assert.ok(isWasmStamped(), "npm run build makes both: commit them together");
});
