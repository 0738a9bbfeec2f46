import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricFamily, SummedPart } from "../../../../adapters/metrics/mod.ts";
import { limits } from "../../../../core/base/mod.ts";
import { readSettings, type Settings } from "../../../../core/config/mod.ts";
import { Worker } from "../../../../runtimes/workers/worker.ts";
import { workerLimits } from "../../../../runtimes/workers/worker-limits.ts";
import { FakeChild } from "../../../support/memory/child-process.ts";
import { ManualClock, MemoryLogger } from "../../../support/memory/mod.ts";

const { reportEveryMs, reportsMissedMax, reportWaitMs, startReportsMissedMax } = workerLimits;
const { restartMsMax, stableMs, stopMsMax } = workerLimits;
const drainMs = 10_000;

/** What a process says that is well. */
const well = { kind: "report", id: 0, metrics: [], notReady: [], unhealthy: [] } as const;

/** A worker whose processes are the test's. */
class Rig implements SummedPart {
  readonly clock: ManualClock = new ManualClock();
  readonly logger: MemoryLogger = new MemoryLogger();
  readonly children: FakeChild[] = [];
  readonly failures: string[] = [];
  readonly reported: (readonly MetricFamily[])[] = [];
  ends = 0;
  /** Starting a process throws. */
  isBroken = false;
  /** Starting a process makes one without a number, whose `error` says why. */
  isRefused = false;
  readonly worker: Worker;

  constructor() {
    const flags = { "node-name": "edge-1-3", "drain-period": `${drainMs}ms` };
    const settings = readSettings({ flags, environment: {}, file: undefined, defaults: {} });
    const start = () => {
      if (this.isBroken) throw new Error("EAGAIN");
      const child = new FakeChild(this.isRefused ? undefined : 100 + this.children.length);
      this.children.push(child);
      return child.asChild;
    };
    this.worker = new Worker(
      { worker: 3, settings, start },
      {
        clock: this.clock,
        logger: this.logger,
        part: this,
        failed: (code) => void this.failures.push(code),
      },
    );
  }

  report(families: readonly MetricFamily[]): void {
    this.reported.push(families);
  }

  ended(): void {
    this.ends += 1;
  }

  get child(): FakeChild {
    return this.children.at(-1) ?? assert.fail("no process");
  }

  async serving(): Promise<this> {
    const started = this.worker.start();
    this.child.serve();
    await started;
    return this;
  }

  /** Seconds, as the supervisor counts them. */
  tick(count: number): void {
    for (let at = 0; at < count; at++) this.worker.tick();
  }

  waits(): unknown[] {
    const lines = this.logger.records.filter(({ event }) => event === "worker-died");
    return lines.map(({ fields }) => fields?.restartMs);
  }
}

test("a worker gets its settings when it listens, and then serves", async () => {
  const rig = new Rig();
  const started = rig.worker.start();
  assert.equal(rig.child.orders.length, 0);
  rig.child.tell({ kind: "ready" });
  const [order] = rig.child.orders;
  assert.ok(order?.kind === "start");
  assert.deepEqual([order.worker, order.settings["node-name"]], [3, "edge-1-3"]);
  assert.equal(rig.worker.isServing, false);
  rig.child.tell({ kind: "started", port: 4711 });
  assert.equal(await started, 4711);
  assert.equal(rig.worker.isServing, true);
  const { event, fields } = rig.logger.records.at(-1) ?? assert.fail();
  assert.equal(event, "worker-started");
  assert.deepEqual(fields, { worker: 3, node: "edge-1-3", pid: 100 });
});

test("a worker that ends before its first start has succeeded is not started again", async () => {
  const rig = new Rig();
  const started = rig.worker.start();
  rig.child.tell({ kind: "ready" });
  rig.child.end(1);
  const message = "worker 3 ended with exit code 1 before it had started";
  await assert.rejects(started, { code: "worker-died", message });
  rig.clock.advance(restartMsMax);
  assert.equal(rig.children.length, 1);
});

test("a process that never came is a failed start; one that runs may have errors", async () => {
  const broken = new Rig();
  broken.isBroken = true;
  await assert.rejects(broken.worker.start(), /worker 3 ended with no process/);
  const rig = new Rig();
  rig.isRefused = true;
  const started = rig.worker.start();
  rig.child.emit("error", new Error("EAGAIN"));
  await assert.rejects(started, { code: "worker-died" });
  const other = await new Rig().serving();
  other.child.emit("error", new Error("EPIPE"));
  assert.deepEqual([other.worker.isServing, other.failures], [true, []]);
});

test("a worker that dies is replaced at once, and later if it dies again", async () => {
  const rig = await new Rig().serving();
  for (const waitMs of [0, 250, 500, 1_000, 2_000, 4_000, 8_000, restartMsMax, restartMsMax]) {
    const before = rig.children.length;
    rig.child.end(null, "SIGKILL");
    assert.equal(rig.worker.isServing, false);
    if (waitMs > 0) {
      rig.clock.advance(waitMs - 1);
      assert.equal(rig.children.length, before, `${waitMs} ms`);
      rig.clock.advance(1);
    }
    assert.equal(rig.children.length, before + 1, `${waitMs} ms`);
    rig.child.serve();
  }
  const deaths = rig.children.length - 1;
  assert.deepEqual(rig.waits().slice(0, 4), [0, 250, 500, 1_000]);
  assert.deepEqual(rig.failures, Array(deaths).fill("worker-died"));
  assert.equal(rig.ends, deaths);
  // It has served for long enough.
  rig.clock.advance(stableMs);
  rig.child.end(1);
  assert.equal(rig.waits().at(-1), 0);
});

test("time before a worker serves does not count as stable", async () => {
  const rig = await new Rig().serving();
  rig.child.end(1);
  rig.clock.advance(stableMs);
  rig.child.end(1);
  assert.deepEqual(rig.waits(), [0, 250]);
});

test("a start that fails later waits for the next one, as a death does", async () => {
  const rig = await new Rig().serving();
  rig.isBroken = true;
  rig.child.end(1);
  rig.clock.advance(250 + 500);
  assert.deepEqual(rig.waits(), [0, 250, 500, 1_000]);
  rig.isBroken = false;
  rig.clock.advance(1_000);
  rig.child.serve();
  assert.equal(rig.worker.isServing, true);
});

test("a worker that says nothing is killed, and one that reports is not", async () => {
  const rig = await new Rig().serving();
  rig.tick(reportsMissedMax - 1);
  rig.child.tell({ ...well, notReady: ["no origin"] });
  rig.tick(reportsMissedMax - 1);
  assert.deepEqual(rig.child.signals, []);
  rig.tick(3);
  assert.deepEqual(rig.child.signals, ["SIGKILL"]);
  assert.deepEqual(rig.failures, ["worker-silent"]);
  const { event, message, fields } = rig.logger.records.at(-1) ?? assert.fail();
  assert.equal(event, "worker-silent");
  assert.match(message, new RegExp(` ${(reportsMissedMax * reportEveryMs) / 1_000} s `));
  assert.equal(fields?.code, "worker-silent");
  rig.child.end(null, "SIGKILL");
  // The next one has more time, until it serves.
  rig.tick(startReportsMissedMax - 1);
  assert.deepEqual(rig.child.signals, []);
  rig.child.tell({ kind: "ready" });
  rig.tick(startReportsMissedMax);
  assert.deepEqual(rig.child.signals, ["SIGKILL"]);
  assert.deepEqual(rig.worker.notReady, ["no origin"]);
});

test("a worker that stalls is not healthy, and says itself what else is wrong", async () => {
  const rig = await new Rig().serving();
  const silentTicks = limits.loopStallMs / reportEveryMs;
  rig.tick(silentTicks - 1);
  assert.deepEqual(rig.worker.unhealthy, []);
  rig.tick(1);
  assert.deepEqual(rig.worker.unhealthy, [`says nothing for ${limits.loopStallMs / 1_000} s`]);
  rig.child.tell({ ...well, unhealthy: ["the WASM codec has failed"] });
  assert.deepEqual(rig.worker.unhealthy, ["the WASM codec has failed"]);
  rig.child.end(1);
  assert.deepEqual(rig.worker.unhealthy, []);
  // What another process said is not told of this one.
  rig.child.serve();
  assert.deepEqual(rig.worker.unhealthy, []);
});

test("other settings are for the present process, and for those that start later", async () => {
  const rig = await new Rig().serving();
  const settings = { "node-name": "n-0", "max-connections": 7 } as Settings;
  rig.worker.reload(settings);
  assert.deepEqual(rig.child.orders.at(-1), { kind: "reload", settings });
  rig.child.end(1);
  rig.child.tell({ kind: "ready" });
  const order = rig.child.orders.at(-1);
  assert.ok(order?.kind === "start");
  assert.equal(order.settings, settings);
  // Those that are for later are told to nobody now.
  const before = rig.child.orders.length;
  rig.worker.use({ ...settings, port: 4711 });
  assert.equal(rig.child.orders.length, before);
  rig.child.end(1);
  rig.clock.advance(restartMsMax);
  rig.child.tell({ kind: "ready" });
  const next = rig.child.orders.at(-1);
  assert.equal(next?.kind === "start" && next.settings.port, 4711);
});

test("a question for a report is answered, or given up after a while", async () => {
  const rig = await new Rig().serving();
  const asked = rig.worker.refresh();
  const order = rig.child.orders.at(-1);
  assert.ok(order?.kind === "report");
  const family = { name: "wss_x", type: "gauge", help: "", series: [["", 1]] } as const;
  rig.child.tell({ ...well, id: order.id, metrics: [family], notReady: ["draining"] });
  await asked;
  assert.deepEqual(rig.worker.notReady, ["draining"]);
  assert.deepEqual(rig.reported, [[family]]);
  const unanswered = rig.worker.refresh();
  rig.clock.advance(reportWaitMs);
  await unanswered;
  const interrupted = rig.worker.refresh();
  rig.child.end(1);
  await interrupted;
  // There is nobody to ask.
  await rig.worker.refresh();
});

test("what an ended process said last is not heard", async () => {
  const rig = await new Rig().serving();
  const [former] = rig.children;
  rig.child.end(1);
  former?.tell({ kind: "started", port: 4711 });
  assert.equal(rig.worker.isServing, false);
});

test("a tail is told that the process has ended, and goes on at the next one", async () => {
  const rig = await new Rig().serving();
  let interrupted = 0;
  const told = (): void => void interrupted++;
  const cancel = rig.worker.member.tail({ group: "g", app: "a" }, () => {}, told);
  rig.child.end(1);
  assert.equal(interrupted, 1);
  rig.child.serve();
  assert.equal(rig.child.orders.at(-1)?.kind, "tail");
  cancel();
  rig.child.end(1);
  assert.equal(interrupted, 1);
});

test("drain and stop end a worker in two steps", async () => {
  const rig = await new Rig().serving();
  const drained = rig.worker.drain();
  assert.equal(rig.child.orders.at(-1)?.kind, "drain");
  rig.child.tell({ kind: "drained" });
  await drained;
  // Others may still drain: it ends when it is told to.
  assert.equal(rig.child.orders.at(-1)?.kind, "drain");
  const stopped = rig.worker.stop();
  assert.equal(rig.child.orders.at(-1)?.kind, "stop");
  rig.child.end(0);
  assert.equal(await stopped, true);
  assert.deepEqual(rig.failures, []);
  rig.clock.advance(restartMsMax);
  assert.equal(rig.children.length, 1);
});

test("a worker that dies while it drains was not ended in order", async () => {
  const rig = await new Rig().serving();
  const drained = rig.worker.drain();
  rig.child.end(null, "SIGSEGV");
  await drained;
  assert.equal(await rig.worker.stop(), false);
  assert.deepEqual(rig.failures, ["worker-died"]);
  assert.equal(rig.children.length, 1);
});

test("a worker that takes too long to drain, or to stop, is killed", async () => {
  const slow = await new Rig().serving();
  const drained = slow.worker.drain();
  slow.clock.advance(drainMs + stopMsMax - 1);
  assert.deepEqual(slow.child.signals, []);
  slow.clock.advance(1);
  assert.deepEqual(slow.child.signals, ["SIGKILL"]);
  slow.child.end(null, "SIGKILL");
  await drained;
  assert.equal(await slow.worker.stop(), false);

  const stuck = await new Rig().serving();
  stuck.child.tell(well);
  const emptied = stuck.worker.drain();
  stuck.child.tell({ kind: "drained" });
  await emptied;
  const stopped = stuck.worker.stop();
  stuck.clock.advance(stopMsMax);
  assert.deepEqual(stuck.child.signals, ["SIGKILL"]);
  stuck.child.end(null, "SIGKILL");
  assert.equal(await stopped, false);
});

test("a worker that waits for its next start does not start after a drain", async () => {
  const rig = await new Rig().serving();
  rig.child.end(1);
  rig.child.end(1);
  await rig.worker.drain();
  assert.equal(await rig.worker.stop(), true);
  rig.clock.advance(restartMsMax);
  assert.equal(rig.children.length, 2);
});

test("a worker that is stopped before it has started was not a failed start", async () => {
  const rig = new Rig();
  let failed = false;
  rig.worker.start().catch(() => {
    failed = true;
  });
  rig.child.tell({ kind: "ready" });
  const drained = rig.worker.drain();
  rig.child.tell({ kind: "drained" });
  await drained;
  const stopped = rig.worker.stop();
  rig.child.end(0);
  assert.equal(await stopped, true);
  await Promise.resolve();
  assert.equal(failed, false);
});

test("a worker that begins to listen when it is to stop ends without a start", async () => {
  const rig = await new Rig().serving();
  rig.child.end(1);
  const drained = rig.worker.drain();
  rig.child.tell({ kind: "ready" });
  const orders = rig.child.orders.map(({ kind }) => kind);
  assert.deepEqual(orders, ["drain", "stop"]);
  rig.child.end(0);
  await drained;
  assert.equal(await rig.worker.stop(), true);
});

test("a worker that a signal has drained ends, and another one starts at once", async () => {
  const rig = await new Rig().serving();
  rig.child.tell({ kind: "drained" });
  assert.equal(rig.child.orders.at(-1)?.kind, "stop");
  rig.child.end(0);
  assert.equal(rig.children.length, 2);
  assert.deepEqual(rig.failures, []);
  assert.equal(rig.logger.records.at(-1)?.event, "worker-ended");
});
