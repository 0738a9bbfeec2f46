import assert from "node:assert/strict";
import { test } from "node:test";
import { bunProgram, denoProgram, freePort, nodeProgram, Program } from "../support/spawn.ts";
import { waitFor, within } from "../support/wait.ts";

const programs = { bun: [bunProgram, "-e"], node: [nodeProgram(), "-e"] } as const;

test("Program: gives lines as they come, and the last one without a newline", async () => {
  const script = 'console.log("one"); console.error("two"); process.stdout.write("three");';
  await using program = new Program(programs.node[0], [programs.node[1], script]);
  assert.equal(await program.line((line) => (line === "one" ? line : undefined), "one"), "one");
  assert.deepEqual(await program.exited, { code: 0, signal: null });
  assert.deepEqual([...program.lines].sort(), ["one", "three", "two"]);
  assert.equal(await program.line((line) => /^three$/.exec(line)?.[0], "three"), "three");
  await assert.rejects(
    program.line(() => undefined, "what never comes"),
    /ended without what never/,
  );
});

test("Program: tells the exit code, the signal, and that there is no program", async () => {
  const failing = new Program(programs.bun[0], [programs.bun[1], "process.exit(3)"]);
  assert.deepEqual(await failing.exited, { code: 3, signal: null });
  const sleeping = new Program(denoProgram, ["eval", "setInterval(() => {}, 1000)"]);
  assert.deepEqual(await sleeping.stop("SIGKILL"), { code: null, signal: "SIGKILL" });
  const missing = new Program("./no-such-program", []);
  assert.equal((await missing.exited).code, 127);
});

test("waitFor: gives the value, or says what it waited for", async () => {
  let count = 0;
  assert.equal(await waitFor(() => ++count > 2 && count), 3);
  await assert.rejects(
    waitFor(() => undefined, { deadline: 30, what: "Godot" }),
    /waited 30 ms in vain for: Godot/,
  );
  await assert.rejects(within(new Promise(() => {}), { deadline: 30, what: "Godot" }), /Godot/);
  assert.equal(await within(Promise.resolve(1)), 1);
});

test("freePort: a port that can be listened on", async () => {
  const port = await freePort();
  assert.ok(port > 1_023 && port < 65_536);
});
