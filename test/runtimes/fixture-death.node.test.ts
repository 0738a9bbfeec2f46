import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeProgram, Program } from "../support/process/spawn.ts";
import { judge } from "../support/run/junit.ts";

test("a fixture that dies fails the test that it served, and shows its last words", async () => {
  const file = "dist/js/test/support/socket-fixture/dying.js";
  // Else it would take itself for a part of this run.
  const env = { NODE_TEST_CONTEXT: "" };
  const args = ["--test-reporter=junit", "--test-reporter-destination=stdout", file];
  const program = new Program(nodeProgram(), args, { env });
  const { code } = await program.exited;
  const xml = program.output;
  const { totals } = judge(xml.slice(xml.indexOf("<?xml")), code);
  assert.equal(totals.passed + totals.failed, 4, xml);
  // Who dies late may be noticed by the hook of one test more (Node.js 22). The last one passes.
  assert.ok(totals.failed === 2 || totals.failed === 3, xml);
  assert.match(xml, /<testcase name="comes last"[^>]*\/>/);
  const words = xml.split("\n").filter((line) => line.includes("Error: died as a test wants it"));
  assert.ok(words.length >= 2, xml);
});
