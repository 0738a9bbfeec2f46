import assert from "node:assert/strict";
import { test } from "node:test";
import { isGroupName } from "../../../../core/base/mod.ts";

test("a group's name has 1 to 256 bytes of UTF-8", () => {
  const right = [
    "a",
    "@all",
    "/",
    "\u0000",
    " ",
    "x".repeat(256),
    "ä".repeat(128),
    "€".repeat(85),
    "😀".repeat(64),
    "\ufeff",
    "\ufffd",
  ];
  const wrong = [
    "",
    "x".repeat(257),
    "ä".repeat(128).concat("x"),
    "€".repeat(86),
    "😀".repeat(65),
    "x".repeat(1_000_000),
    "\ud83d",
    "a\ude00b",
    "\ude00\ud83d",
  ];
  for (const name of right) assert.equal(isGroupName(name), true, name);
  for (const name of wrong) assert.equal(isGroupName(name), false, name.slice(0, 20));
});
