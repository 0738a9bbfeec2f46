import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkClose,
  checkedData,
  checkedGroup,
  checkTimeout,
  groupOfUser,
} from "../../../../../adapters/origin/base/arguments.ts";

test("data is the bytes of the view that was given, not of its whole buffer", () => {
  const buffer = Uint8Array.from([1, 2, 3, 4, 5, 6]).buffer;
  assert.deepEqual(checkedData(new DataView(buffer, 2, 3)), Uint8Array.from([3, 4, 5]));
  assert.deepEqual(checkedData(new Uint16Array(buffer, 4, 1)), Uint8Array.from([5, 6]));
  assert.equal((checkedData(buffer) as Uint8Array).byteLength, 6);
  assert.throws(() => checkedData(null as never), /not null/);
  assert.throws(() => checkedData({} as never), /not object/);
});

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

test("a timeout is what a timer can wait for", () => {
  for (const ms of [0, 2_147_483_647]) checkTimeout(ms);
  for (const ms of [-1, 2_147_483_648, Number.NaN, "5" as never]) {
    assert.throws(() => checkTimeout(ms));
  }
});
