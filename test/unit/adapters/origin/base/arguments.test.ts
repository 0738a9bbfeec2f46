import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkClose,
  checkedGroup,
  groupOfUser,
} from "../../../../../adapters/origin/base/arguments.ts";

test("a close reason has at most 123 bytes of UTF-8", () => {
  checkClose(1000, "é".repeat(61));
  assert.throws(() => checkClose(1000, "é".repeat(62)), /123 bytes/);
  checkClose(4_999, "");
  for (const code of [999, 1005, 1006, 5_000, 1.5]) assert.throws(() => checkClose(code, ""));
});

test("a group has 1 to 256 bytes of UTF-8, a user at least one character", () => {
  assert.equal(checkedGroup("é".repeat(128)), "é".repeat(128));
  for (const name of ["", "é".repeat(129), 5 as never]) {
    assert.throws(() => checkedGroup(name), { code: "group-name" });
  }
  assert.throws(() => groupOfUser(""), { code: "group-name" });
});
