import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrorCode, errorCodeOf } from "../../../../core/base/mod.ts";

test("every error code has a number of its own", () => {
  const numbers = Object.values(ErrorCode);
  assert.equal(new Set(numbers).size, numbers.length);
  for (const [name, number] of Object.entries(ErrorCode)) assert.equal(errorCodeOf(number), name);
});
