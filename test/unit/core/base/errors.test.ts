import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrorCode, errorCodeOf, isErrorCode } from "../../../../core/base/mod.ts";

test("every error code has a number of its own", () => {
  const numbers = Object.values(ErrorCode);
  assert.equal(new Set(numbers).size, numbers.length);
  for (const [name, number] of Object.entries(ErrorCode)) assert.equal(errorCodeOf(number), name);
});

test("only the names of error codes are error codes", () => {
  assert.deepEqual(["id-gone", "internal"].map(isErrorCode), [true, true]);
  const others = ["", "gone", "toString", "__proto__", 1, null, undefined, ["id-gone"]];
  assert.deepEqual(others.filter(isErrorCode), []);
});
