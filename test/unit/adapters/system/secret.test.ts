import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../../../adapters/system/mod.ts";

test("a secret is told from every other text, whatever its length, as text and as bytes", () => {
  const secret = new Secret("pässword");
  const bytes = new TextEncoder().encode("pässword");
  assert.deepEqual([secret.equals("pässword"), secret.equals(bytes)], [true, true]);
  const others = ["", "p", "pässwor", "pässword ", "password", bytes.subarray(1)];
  assert.deepEqual(
    others.filter((other) => secret.equals(other)),
    [],
  );
});

test("a secret is not shown by what prints it", () => {
  assert.doesNotMatch(JSON.stringify(new Secret("hidden")), /hidden/);
  assert.doesNotMatch(String(new Secret("hidden")), /hidden/);
});
