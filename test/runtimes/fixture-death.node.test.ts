import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../support/run-junit.ts";
import { nodeProgram, Program } from "../support/spawn.ts";

test("a fixture that dies fails the test that it served, and shows its last words", async () => {
  const file = "dist/js/test/support/socket-fixture/dying.js";
  // Else it would take itself for a part of this run.
  const env = { NODE_TEST_CONTEXT: "" };
  const args = ["--test-reporter=junit", "--test-reporter-destination=stdout", file];
  const program = new Program(nodeProgram(), args, { env });
  const { code } = await program.exited;
  const xml = program.output;
  const { totals } = judge(xml.slice(xml.indexOf("<?xml")), code);
  assert.deepEqual(totals, { passed: 2, failed: 2, skipped: 0 }, xml);
  const words = xml.split("\n").filter((line) => line.includes("Error: died as a test wants it"));
  assert.ok(words.length >= 2, xml);
});
