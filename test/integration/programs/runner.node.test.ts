import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { Program } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";

const folder = temporaryFolder();

/** A project with these tests, for Node alone, and what the runner says of it. */
async function run(
  name: string,
  files: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<{ code: number | null; last: string | undefined; output: string }> {
  const project = join(folder, name);
  mkdirSync(join(project, "dist/js/test"), { recursive: true });
  mkdirSync(join(project, "test"));
  symlinkSync(resolve("node_modules"), join(project, "node_modules"));
  for (const [file, body] of Object.entries(files)) {
    writeFileSync(join(project, "test", `${file}.node.test.ts`), "");
    const script = `const { test } = require("node:test");\n${body}`;
    writeFileSync(join(project, "dist/js/test", `${file}.node.test.js`), script);
  }
  const program = new Program(
    process.execPath,
    [resolve("dist/js/test/run.js"), "--runtime", "node", ...args],
    // Under `node --test` the inner tests would report to the outer run.
    { cwd: project, env: { NODE_TEST_CONTEXT: "" } },
  );
  const { code } = await program.exited;
  return { code, last: program.lines.at(-1), output: program.output };
}

const passes = 'test("well", () => {}); test("also well", () => {});';
const fails = 'test("well", () => {}); test("ill", () => { throw new Error("it is ill"); });';

test("the runner's closing line counts what ran, and its exit code is 0", async () => {
  const { code, last } = await run("good", { a: passes, b: passes }, "test/");
  assert.deepEqual([code, last], [0, "4 passed, 0 failed"]);
});

test("one failure among others: counted in the closing line, told, exit code 1", async () => {
  const { code, last, output } = await run("bad", { a: passes, b: fails }, "test/");
  assert.deepEqual([code, last], [1, "3 passed, 1 failed"]);
  assert.match(output, /✖ node b\.node\.test\.ts: 1 failed/);
  assert.match(output, /it is ill/);
});

test("a file that dies in its middle, and one that skips", async () => {
  const skips = 'test("no", { skip: true }, () => {});';
  const files = { a: `${passes} process.exit(0);`, b: `${passes} ${skips}` };
  const { code, last } = await run("died", files, "test/");
  assert.deepEqual([code, last], [1, "2 passed, 1 failed, 1 skipped"]);
});

test("no test at all is no success", async () => {
  const { code, last } = await run("none", { a: passes }, "no-such-part");
  assert.deepEqual([code, last], [1, "0 passed, 0 failed"]);
});

test("wrong arguments of the tests' programs end them with 2 and one line", async () => {
  for (const [program, args, line] of [
    ["run", ["--nightyl"], "Unknown option '--nightyl'"],
    ["weights", ["--wrong"], "Unknown option '--wrong'"],
    ["weights", ["wrong"], /^Unexpected argument 'wrong'/],
    ["bench/main", ["--wrong"], "Unknown option '--wrong'"],
    ["mutants/main", ["--workers", "x"], '--workers must be a number above 0, but is "x"'],
    ["mutants/main", ["--before", "1"], '--before must be a day such as 2026-11-26, but is "1"'],
    ["faults/soak-main", ["--minutes", "x"], '--minutes must be a number above 0, but is "x"'],
    ["faults/soak-main", ["--fault", "x"], /^--fault must be one of originKill, .*, but is "x"$/],
  ] as const) {
    const running = new Program(process.execPath, [`dist/js/test/${program}.js`, ...args]);
    assert.equal((await running.exited).code, 2, running.output);
    const [first = "", ...more] = running.lines;
    assert.deepEqual(more, [], running.output);
    if (typeof line === "string") assert.equal(first, line);
    else assert.match(first, line);
  }
});
