import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { nodeProgram, Program } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";
import { casesOf, judge, totalsOf } from "../../support/run/junit.ts";
import {
  groupsOf,
  jobOf,
  needsMosquitto,
  type Runtime,
  runsOn,
  seedsOf,
  touchesRuntime,
} from "../../support/run/plan.ts";
import { type Ended, inParallel, Processes } from "../../support/run/process.ts";
import { closingLine, slowestOf, sumOf, tableOf } from "../../support/run/report.ts";
import { skipTable } from "../../support/run/skips.ts";
import { fuzzSeed } from "../../vectors/dice.ts";

/** What each runner writes for the same file: one of each outcome, and a suite of two. */
const nodeReport = `<?xml version="1.0" encoding="utf-8"?>
<testsuites>
	<testcase name="passes &amp; &lt;ok>" time="0.0008" classname="test"/>
	<testcase name="fails" time="0.0008" classname="test" failure="1 !== 2">
		<failure type="testCodeFailure" message="1 > 2">
<skipped/> in the text of a failure
		</failure>
	</testcase>
	<testcase name="skipped" time="0.0001" classname="test">
		<skipped type="skipped" message="no mosquitto"/>
	</testcase>
	<testsuite name="suite" tests="2" failures="0">
		<testcase name="one" time="0.0001" classname="test"/>
		<testcase name="two" time="0.0001" classname="test"/>
	</testsuite>
</testsuites>`;

const bunReport = `<testsuites name="bun test" tests="5" failures="1" skipped="1">
  <testsuite name="a.test.ts" file="a.test.ts" tests="5">
    <testcase name="passes" classname="" time="0.0007" assertions="0" />
    <testcase name="fails" classname="" time="0.001" assertions="0">
      <failure type="AssertionError" message="1 !== 2">x</failure>
    </testcase>
    <testcase name="skipped" classname="" time="0"><skipped /></testcase>
    <testsuite name="suite"><testcase name="one" /><testcase name="two" /></testsuite>
  </testsuite>
</testsuites>`;

const denoReport = `<testsuites name="deno test" tests="6" failures="1">
  <testsuite name="./a.test.ts">
    <testcase name="passes" classname="./a.test.ts" time="0.001"> </testcase>
    <testcase name="fails" time="0.003"><failure message="x">x</failure></testcase>
    <testcase name="skipped" time="0.000"><skipped/></testcase>
    <testcase name="suite" time="0.004"> </testcase>
  </testsuite>
  <testsuite name="ext:deno_node/testing.ts">
    <testcase name="suite &gt; one"> </testcase><testcase name="suite &gt; two"> </testcase>
  </testsuite>
</testsuites>`;

test("runner: counts the cases of each runner's report alike", () => {
  for (const report of [nodeReport, bunReport, denoReport]) {
    assert.deepEqual(totalsOf(report), { passed: 3, failed: 1, skipped: 1 });
  }
});

const passes = "<testsuites><testcase name='a' /></testsuites>";
const verdicts = [
  ["no report", undefined, 1, [0, 1], /crashed \(1\)/],
  ["a test that ended the process", undefined, 0, [0, 1], /ended before its report/],
  ["a torn report", "<testsuites><testcase name='a' />", null, [0, 1], /crashed \(killed\)/],
  ["no test", "<testsuites></testsuites>", 0, [0, 1], /ran no test/],
  ["a fault outside of the tests", passes, 1, [1, 1], /no test failed, but/],
  ["all well", passes, 0, [1, 0], undefined],
] as const;

test("runner: a crash, a run cut short and a file without tests are failures", () => {
  for (const [what, xml, exitCode, [passed, failed], fault] of verdicts) {
    const verdict = judge(xml, exitCode);
    assert.deepEqual(verdict.totals, { passed, failed, skipped: 0 }, what);
    if (fault === undefined) assert.equal(verdict.fault, undefined);
    else assert.match(verdict.fault ?? "", fault, what);
  }
});

test("runner: a file's name, place and imports say where it runs", () => {
  const all = ["node", "bun", "deno", "node22", "node24"] as const;
  for (const [file, each, nightly] of [
    ["test/runtimes/a.test.ts", ["node", "bun", "deno", "node24"], all],
    ["test/runtimes/a.node.test.ts", ["node", "node24"], ["node", "node22", "node24"]],
    ["test/runtimes/a.bun.test.ts", ["bun"], ["bun"]],
    ["test/runtimes/a.once.test.ts", ["node"], ["node"]],
    ["test/unit/adapters/http-wire/a.test.ts", ["bun"], all],
    ["test/integration/workers/a.node.test.ts", ["node", "node24"], ["node", "node22", "node24"]],
    ["test/integration/origin/a.node.test.ts", ["node"], ["node", "node22", "node24"]],
    ["test/integration/admin/console.node.test.ts", ["node"], ["node"]],
    ["test/unit/core/a.test.ts", ["bun"], ["node", "bun", "deno"]],
    ["test/unit/wasm/a.test.ts", ["node", "bun", "deno"], ["node", "bun", "deno"]],
    ["test/faults/a.node.test.ts", ["node"], ["node"]],
    ["test/integration/a.nightly.test.ts", [], ["node"]],
  ] as const) {
    const where = (isNightly: boolean): unknown =>
      all.filter((name) => runsOn(file, name, isNightly));
    assert.deepEqual([where(false), where(true)], [each, nightly], file);
  }
});

test("runner: what reaches a module of a runtime is tested on each", () => {
  for (const [file, touches] of [
    ["test/unit/core/streams/reliable-sender.test.ts", false],
    ["test/unit/core/websocket/framed-socket.test.ts", true],
    ["test/unit/adapters/http-client/http-client.test.ts", true],
    ["test/unit/house/support.test.ts", true],
  ] as const) {
    assert.equal(touchesRuntime(file), touches, file);
  }
});

test("runner: files of a room of units share a process", () => {
  const [one, two] = ["test/unit/core/a.test.ts", "test/unit/core/b.test.ts"];
  const alone = "test/fuzz/a.test.ts";
  const groups = groupsOf([one, alone, two]);
  assert.deepEqual(
    [...groups],
    [
      ["unit/core", [one, two]],
      ["fuzz/a.test.ts", [alone]],
    ],
  );
  const node = jobOf([one, two], "node", { name: "unit/core" });
  assert.ok(node.args.includes("dist/js/test/unit/core/b.test.js"));
  assert.equal(node.report.slice(-19), "/node-unit-core.xml");
  assert.ok(jobOf([one, two], "bun").args.includes("./test/unit/core/b.test.ts"));
});

test("runner: a further Node.js runs what is Node's, with a program of its own", () => {
  const job = jobOf(["test/unit/a.test.ts"], "node24", { program: "/n24/node" });
  assert.equal(job.command, "/n24/node");
  assert.equal(job.env.TEST_GATEWAYS, "node");
  assert.notEqual(job.report, jobOf(["test/unit/a.test.ts"], "node").report);
});

test("runner: each run has a new seed, and the old ones are tried again on one runtime", () => {
  assert.notEqual(fuzzSeed(undefined), fuzzSeed(undefined));
  assert.equal(fuzzSeed("17"), 17);
  const [fuzz, unit] = ["test/fuzz/a.test.ts", "test/unit/a.test.ts"];
  const seeds = { present: 9, old: [1, 2] };
  assert.deepEqual(seedsOf(fuzz, "bun", seeds), [9, 1, 2]);
  assert.deepEqual(seedsOf(fuzz, "node", seeds), [9]);
  assert.deepEqual(seedsOf(unit, "bun", seeds), [9]);
  const jobs = [1, 2].map((seed) => jobOf([fuzz], "bun", { seed }));
  const found = jobs.map(({ env }) => env.FUZZ_SEED);
  assert.deepEqual(found, ["1", "2"]);
  assert.notEqual(jobs[0]?.report, jobs[1]?.report);
  const draws = (runtime: Runtime, whole: boolean): unknown =>
    jobOf([fuzz], runtime, { seed: 1, whole }).env.FUZZ_DIVISOR;
  assert.deepEqual([draws("bun", false), draws("node", true)], [undefined, undefined]);
  assert.deepEqual([draws("node", false), draws("node24", false)], ["4", "4"]);
});

test("runner: the closing line and the table", () => {
  const rows = [
    { name: "node", passed: 10, failed: 0, skipped: 0, seconds: 1.25, processorSeconds: 0.5 },
    { name: "bun", passed: 9, failed: 1, skipped: 2, seconds: 10, processorSeconds: 12 },
  ];
  assert.equal(closingLine(sumOf(rows)), "19 passed, 1 failed, 2 skipped");
  assert.equal(closingLine(sumOf(rows.slice(0, 1))), "10 passed, 0 failed");
  assert.equal(
    tableOf(rows),
    [
      "      passed  failed  skipped  seconds  of a processor",
      "node      10       0        0      1.3             0.5",
      "bun        9       1        2     10.0            12.0",
    ].join("\n"),
  );
  assert.equal(slowestOf(rows, 1), "    10.0 s    12.0 s  bun");
});

test("runner: a skipped test has a reason, if need be that of another runtime's report", () => {
  const file = "a.test.ts";
  const skips = [bunReport, nodeReport].flatMap((report) =>
    casesOf(report)!
      .filter(({ outcome }) => outcome === "skipped")
      .map(({ name, reason }) => ({ file, name, reason })),
  );
  const reasons = skips.map(({ reason }) => reason);
  assert.deepEqual(reasons, [undefined, "no mosquitto"]);
  const more = { file: "b.test.ts", name: "x", reason: undefined };
  assert.equal(
    skipTable([more, ...skips]),
    "       2  no mosquitto\n       1  no reason told by b.test.ts: x",
  );
});

test("runner: a file that needs mosquitto is known by its imports", () => {
  const needs = (file: string): boolean => needsMosquitto(`test/${file}`);
  assert.ok(needs("integration/broker/outage.once.test.ts"));
  assert.ok(needs("faults/node-wasm.node.test.ts"), "by way of others");
  assert.ok(!needs("unit/house/runner.node.test.ts"));
});

const folder = mkdtempSync(join(tmpdir(), "wss-runner-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("runner: the deadline kills a program with all that it started", async () => {
  const log = join(folder, "late.log");
  // The inner program holds the pipe: without the group's end the run would wait for it.
  const inner = "console.log(process.pid); setInterval(() => {}, 1000)";
  const script = `require("node:child_process").spawn(process.execPath, ["-e",
    ${JSON.stringify(inner)}], { stdio: "inherit" }); setInterval(() => {}, 1000)`;
  const ended = await new Processes().run(nodeProgram(), ["-e", script], {
    log,
    deadlineMs: 3_000,
  });
  assert.deepEqual([ended.late, ended.exitCode], [true, null]);
  const pid = Number(readFileSync(log, "utf8"));
  assert.ok(pid > 0);
  await waitFor(() => !isRunning(pid), { what: "the end of the inner program" });
});

test("runner: a program that does not end after its work is killed", async () => {
  const stays = "setInterval(() => {}, 1000)";
  const run = (name: string, script: string, isDone: () => boolean): Promise<Ended> => {
    const options = { log: join(folder, name), deadlineMs: 2_000, isDone, endMs: 100 };
    return new Processes().run(nodeProgram(), ["-e", script], options);
  };
  const stuck = await run("stuck.log", stays, () => true);
  assert.deepEqual([stuck.stuck, stuck.late, stuck.exitCode], [true, false, null]);
  const atWork = await run("at-work.log", stays, () => false);
  assert.deepEqual([atWork.stuck, atWork.late], [false, true]);
  const ends = await run("ends.log", "setTimeout(() => process.exit(3), 500)", () => false);
  assert.deepEqual([ends.stuck, ends.exitCode], [false, 3]);
});

function isRunning(pid: number): boolean {
  try {
    // A killed process stays in the list until whoever adopted it has looked.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test("runner: a program's time of a processor is counted, with what it waited for", async () => {
  const busy = "const end = Date.now() + 300; while (Date.now() < end);";
  const script = `require("node:child_process").spawnSync(process.execPath,
    ["-e", ${JSON.stringify(busy)}])`;
  const options = { log: join(folder, "busy.log"), deadlineMs: 60_000 };
  const ended = await new Processes().run(nodeProgram(), ["-e", script], options);
  assert.ok(ended.processorSeconds > 0.1, `${ended.processorSeconds} s`);
});

test("runner: works in order, so many at a time", async () => {
  const events: string[] = [];
  let running = 0;
  let most = 0;
  await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    events.push(`${item}`);
    running += 1;
    most = Math.max(most, running);
    // The job ends in a later turn, so that all that may run at once have begun.
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  });
  assert.deepEqual([events.join(""), most], ["12345", 2]);
});

test("runner: who comes later helps with what is left", async () => {
  const items = [1, 2, 3, 4];
  const done: string[] = [];
  let ends = (): void => {};
  const first = inParallel(items, 1, async (item) => {
    done.push(`first ${item}`);
    await new Promise<void>((resolve) => {
      ends = resolve;
    });
  });
  await inParallel(items, 1, async (item) => {
    done.push(`second ${item}`);
  });
  ends();
  await first;
  assert.deepEqual(done, ["first 1", "second 2", "second 3", "second 4"]);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("what a program of the tests has started ends with it, at a signal too", async () => {
  const folder = new URL("../../support/process/", import.meta.url);
  const script = `
    import { exitAtSignals } from "${new URL("kill-at-exit.js", folder)}";
    import { Program } from "${new URL("spawn.js", folder)}";
    exitAtSignals();
    const child = new Program(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    console.log("child", child.pid);
  `;
  const program = new Program(nodeProgram(), ["--input-type=module", "-e", script]);
  const pid = await program.line((line) => /^child (\d+)/.exec(line)?.[1], "the child's number");
  assert.ok(isAlive(Number(pid)));
  program.kill("SIGTERM");
  assert.deepEqual(await program.exited, { code: 1, signal: null });
  await waitFor(() => !isAlive(Number(pid)));
});
