import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { Program } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";
import { waitFor } from "../../support/process/wait.ts";

const folder = temporaryFolder();

/** Runs a program as `npm run serve` runs the gateway: through the bootstrap script's `run`. */
function runThrough(script: string): Program {
  return new Program(process.execPath, [taskFile(script)]);
}

function taskFile(script: string): string {
  const file = join(folder, `${Math.random()}.mjs`);
  const url = pathToFileURL(".ci/program.mjs").href;
  writeFileSync(
    file,
    `import { run } from ${JSON.stringify(url)};
     process.exitCode = await run(process.execPath, ["-e", ${JSON.stringify(script)}]);`,
  );
  return file;
}

test("task: the exit code comes back", async () => {
  assert.deepEqual(await runThrough("process.exit(7)").exited, { code: 7, signal: null });
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  test(`task: ${signal} reaches the program once, and its answer comes back`, async () => {
    await using program = runThrough(`
      let count = 0;
      const leave = () => process.exit(40 + count);
      process.on("${signal}", () => { count += 1; setTimeout(leave, 200) });
      setInterval(() => {}, 1000);
      console.log("ready");`);
    await program.line((line) => (line === "ready" ? line : undefined), "ready");
    // npm sends it, and so does whoever signals the whole group.
    program.kill(signal);
    program.kill(signal);
    assert.deepEqual(await program.exited, { code: 41, signal: null });
  });
}

test("task: when whoever started the task is killed, the program is asked to end", async () => {
  const said = join(folder, "said");
  const script = `process.on("SIGTERM", () => {
      require("node:fs").writeFileSync(${JSON.stringify(said)}, "asked");
      process.exit(0);
    });
    setInterval(() => {}, 1000);
    console.log("ready");`;
  const task = taskFile(script);
  const starter = `require("node:child_process").spawn(process.execPath, [${JSON.stringify(task)}],
    { stdio: "inherit" }); setInterval(() => {}, 1000)`;
  await using program = new Program(process.execPath, ["-e", starter]);
  await program.line((line) => (line === "ready" ? line : undefined), "ready");
  program.kill("SIGKILL");
  await waitFor(() => existsSync(said), { what: "the program's end" });
  await program.exited;
});

test("task: a program that a signal ended gives 128 and the signal's number", async () => {
  const program = runThrough('process.kill(process.pid, "SIGKILL")');
  assert.deepEqual(await program.exited, { code: 137, signal: null });
});

test("task: an unknown task is told, with those that there are", async () => {
  const program = new Program(process.execPath, [".ci/task.mjs", "sevre"]);
  assert.equal((await program.exited).code, 2);
  assert.match(program.output, /Unknown task "sevre".*serve:deno/);
});

test("task: tests that could not begin do not pass", async () => {
  // A clone whose packages cannot be installed: the lock file wants what package.json does not.
  const clone = join(folder, "clone");
  mkdirSync(clone);
  cpSync(".ci", join(clone, ".ci"), { recursive: true });
  writeFileSync(join(clone, "package.json"), '{"dependencies":{"./x":"file:./no-such-folder"}}');
  writeFileSync(join(clone, "package-lock.json"), '{"lockfileVersion":3,"packages":{"a":{}}}');
  const program = new Program("bash", [join(clone, ".ci", "run")]);
  assert.equal((await program.exited).code, 1);
  assert.equal(program.lines.at(-1), "0 passed, 1 failed");
});
