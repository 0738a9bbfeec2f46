import assert from "node:assert/strict";
import { createServer } from "node:net";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { ServiceError } from "../../../../core/base/mod.ts";
import { readSettings, type Settings } from "../../../../core/config/mod.ts";
import type { Question, TailLine, TailReceiver } from "../../../../core/inspect/mod.ts";
import {
  type HeldPort,
  type Platform,
  reusePortRefusal,
} from "../../../../runtimes/compose/mod.ts";
import type { Notice, Order } from "../../../../runtimes/workers/messages.ts";
import { Supervisor } from "../../../../runtimes/workers/mod.ts";
import { OperatorQuestions } from "../../../../runtimes/workers/operator-questions.ts";
import { workerLimits } from "../../../../runtimes/workers/worker-limits.ts";
import { WorkerQuestions } from "../../../../runtimes/workers/worker-questions.ts";
import {
  checkWorkers,
  workerSettings,
  workersOf,
} from "../../../../runtimes/workers/worker-settings.ts";
import { FakeChild } from "../../../support/memory/child-process.ts";
import { ManualClock, MemoryLogger } from "../../../support/memory/mod.ts";
import { settled } from "../../../support/memory-node/memory-node.ts";
import { waitFor } from "../../../support/process/wait.ts";

/** A worker's process that ends when it is told to. */
class Obedient extends FakeChild {
  override send(order: Order): void {
    super.send(order);
    if (order.kind === "drain") queueMicrotask(() => this.tell({ kind: "drained" }));
    if (order.kind === "stop") queueMicrotask(() => this.end(0));
  }

  get port(): number | undefined {
    const order = this.orders.find(({ kind }) => kind === "start");
    return order?.kind === "start" ? order.settings.port : undefined;
  }
}

/** A supervisor of two workers whose processes are the test's. */
class Rig {
  readonly children: Obedient[] = [];
  readonly logger: MemoryLogger = new MemoryLogger();
  readonly supervisor: Supervisor;

  constructor(holdPort?: (host: string) => HeldPort | undefined, port: string = "0") {
    const flags = { workers: "2", port, "admin-port": "0", broker: "mqtt://127.0.0.1:1" };
    const settings = readSettings({ flags, environment: {}, file: undefined, defaults: {} });
    const start = () => {
      const child = new Obedient(100 + this.children.length);
      this.children.push(child);
      // A process listens to orders some time after it was started.
      queueMicrotask(() => child.tell({ kind: "ready" }));
      return child.asChild;
    };
    const workers = { refusal: undefined, start, ...(holdPort && { holdPort }) };
    const platform = { name: "node", engines: ["wasm"], workers } as unknown as Platform;
    this.supervisor = new Supervisor(settings, {
      platform,
      logger: this.logger,
      mqttTls: undefined,
      brokerLogin: undefined,
      accessKeys: undefined,
    });
  }

  ports(): (number | undefined)[] {
    return this.children.map(({ port }) => port);
  }

  async has(...ports: number[]): Promise<void> {
    await waitFor(() => String(this.ports()) === String(ports), { what: `workers at ${ports}` });
  }
}

test("the first worker opens any port, and the others and later ones share it", async () => {
  const rig = new Rig();
  const started = rig.supervisor.start();
  await rig.has(0);
  rig.children[0]?.tell({ kind: "started", port: 4711 });
  await rig.has(0, 4711);
  rig.children[1]?.tell({ kind: "started", port: 4711 });
  await started;
  const [line] = rig.logger.of("started");
  assert.equal(line?.fields.port, 4711);
  rig.children[0]?.end(1);
  await rig.has(0, 4711, 4711);
  await rig.supervisor.stop();
});

/** How often a held port is released. */
function holding(): { readonly rig: Rig; readonly released: () => number } {
  let released = 0;
  const rig = new Rig(() => ({ port: 4711, release: () => void released++ }));
  return { rig, released: () => released };
}

test("a port that can be held is held until every worker has it", async () => {
  const { rig, released } = holding();
  const started = rig.supervisor.start();
  await rig.has(4711, 4711);
  rig.children[0]?.tell({ kind: "started", port: 4711 });
  assert.equal(released(), 0);
  rig.children[1]?.tell({ kind: "started", port: 4711 });
  await started;
  assert.equal(released(), 1);
  await rig.supervisor.stop();
});

test("a held port is released too where a worker fails to start", async () => {
  const { rig, released } = holding();
  const started = rig.supervisor.start();
  await rig.has(4711, 4711);
  rig.children[1]?.end(1);
  await assert.rejects(started, { code: "worker-died" });
  assert.equal(released(), 1);
  rig.children[0]?.tell({ kind: "started", port: 4711 });
  await rig.supervisor.stop().catch(() => {});
});

test("where no port can be held, one is chosen; a port that is named is looked at", async () => {
  const rig = new Rig(() => undefined);
  const started = rig.supervisor.start();
  await waitFor(() => rig.children.length === 2 && rig.children.every(({ port }) => port));
  const [port = 0] = rig.ports();
  assert.ok(port > 0);
  for (const child of rig.children) child.tell({ kind: "started", port });
  await started;
  await rig.supervisor.stop();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  const { port: taken } = server.address() as { port: number };
  const hold = (): never => assert.fail("a port that is named is not held");
  const refused = new Rig(hold, String(taken));
  await assert.rejects(refused.supervisor.start(), { code: "port-in-use" });
  assert.equal(refused.children.length, 0);
  server.close();
  await refused.supervisor.stop();
});

const question: Question = { what: "apps" };
const line: TailLine = { at: 1, kind: "event", verb: "message" };
const none = { lines: 0, batches: 0 };
const filter = { group: "team", app: "default" };

/** The supervisor's side, and the orders that it gives. */
function supervisor() {
  const clock = new ManualClock();
  const orders: Order[] = [];
  const questions = new WorkerQuestions("edge-1-0", (order) => void orders.push(order), clock);
  return { clock, orders, questions };
}

test("an answer goes to who asked, and leaves no timer", async () => {
  const { clock, orders, questions } = supervisor();
  const [first, second] = [questions.ask(question), questions.ask({ what: "node" })];
  assert.deepEqual(orders, [
    { kind: "ask", id: 1, question },
    { kind: "ask", id: 2, question: { what: "node" } },
  ]);
  questions.answered({ kind: "answer", id: 2, answer: "of the node" });
  const error = { code: "requests-full", message: "too many" } as const;
  questions.answered({ kind: "answer", id: 1, error });
  questions.answered({ kind: "answer", id: 9, answer: "to nobody" });
  assert.equal(await second, "of the node");
  await assert.rejects(first, error);
  assert.equal(clock.pendingTimers, 0);
});

test("a worker that says nothing is waited for as long as its limit says", async () => {
  const { clock, questions } = supervisor();
  const codes: string[] = [];
  const asked = questions.ask(question).catch(({ code }: ServiceError) => codes.push(code));
  clock.advance(workerLimits.answerMs - 1);
  await settled();
  assert.deepEqual(codes, []);
  clock.advance(1);
  await asked;
  assert.deepEqual(codes, ["reply-timeout"]);
  questions.answered({ kind: "answer", id: 1, answer: "too late" });
});

test("who waits for a worker that ends learns it at once", async () => {
  const { clock, questions } = supervisor();
  const asked = [questions.ask(question), questions.ask(question)];
  questions.ended();
  for (const one of asked) await assert.rejects(one, { code: "worker-died" });
  assert.equal(clock.pendingTimers, 0);
});

test("a tail goes on at the process that takes the worker's place, until it is ended", () => {
  const { orders, questions } = supervisor();
  const lines: TailLine[] = [];
  const take = (more: readonly TailLine[]): void => void lines.push(...more);
  const end = questions.tail(filter, take, () => {});
  questions.started();
  const tail = { kind: "tail", id: 1, filter } as const;
  assert.deepEqual(orders, [tail, tail]);
  questions.tailed({ kind: "tailed", id: 1, lines: [line], leftOut: none });
  end();
  end();
  questions.started();
  questions.tailed({ kind: "tailed", id: 1, lines: [line], leftOut: none });
  assert.deepEqual(orders.slice(2), [{ kind: "tail-end", id: 1 }]);
  assert.deepEqual(lines, [line]);
});

/** The worker's side, and what it says. */
function worker() {
  const notices: Notice[] = [];
  const questions = new OperatorQuestions((notice) => void notices.push(notice));
  const tails = new Set<TailReceiver>();
  const answer = async (asked: Question): Promise<unknown> => {
    if (asked.what === "node") throw new ServiceError("requests-full", "too many searches");
    if (asked.what === "apps") throw new TypeError("a secret of the process");
    return asked.what;
  };
  const tail = (_filter: unknown, receive: TailReceiver) => {
    tails.add(receive);
    return () => void tails.delete(receive);
  };
  return { notices, questions, tails, answering: { answer, tail } };
}

test("a worker answers with what its node says, or with the code of its refusal", async () => {
  const { answering, notices, questions } = worker();
  questions.ask({ kind: "ask", id: 1, question });
  questions.answering = answering;
  for (const [index, what] of (["destinations", "node", "apps"] as const).entries()) {
    questions.ask({ kind: "ask", id: index + 2, question: { what } });
  }
  await settled();
  assert.deepEqual(notices, [
    { kind: "answer", id: 1, error: { code: "requests-full", message: "the worker is starting" } },
    { kind: "answer", id: 2, answer: "destinations" },
    { kind: "answer", id: 3, error: { code: "requests-full", message: "too many searches" } },
    { kind: "answer", id: 4, error: { code: "internal", message: "the question failed" } },
  ]);
});

test("a worker follows what it is told to, once, until it is told to stop", () => {
  const { answering, notices, questions, tails } = worker();
  questions.answering = answering;
  for (let count = 0; count < 2; count++) questions.tail({ kind: "tail", id: 7, filter });
  assert.equal(tails.size, 1);
  for (const receive of tails) receive([line], none);
  assert.deepEqual(notices, [{ kind: "tailed", id: 7, lines: [line], leftOut: none }]);
  questions.end(7);
  questions.end(8);
  assert.equal(tails.size, 0);
});

function read(flags: Readonly<Record<string, string>>): Settings {
  return readSettings({ flags, environment: {}, file: undefined, defaults: {} });
}

function platform(refusal: string | undefined): Platform {
  const start = () => assert.fail("nothing is started");
  return {
    name: "bun",
    engines: ["native"],
    startServer: start,
    watch: () => undefined,
    workers: { refusal, start },
  };
}

test("--workers is a number, or auto: one for each processor", () => {
  assert.equal(workersOf(read({})), 1);
  assert.equal(workersOf(read({ workers: "3" })), 3);
  assert.equal(workersOf(read({ workers: "auto" })), availableParallelism());
  for (const wrong of ["0", "257", "two", "-1", ""]) {
    assert.throws(
      () => read({ workers: wrong }),
      /--workers: .* must be auto, or a whole number from 1 to 256$/,
    );
  }
});

test("workers are nodes with names of their own, at one broker", () => {
  const flags = { workers: "4", "service-port": "0", "max-connections": "1002" };
  const settings = read({ ...flags, "broker-user": "u", "broker-password": "p" });
  const place = { worker: 2, node: "edge-1", port: 4_711, brokerUrl: "mqtt://u:p@127.0.0.1:1" };
  const own = workerSettings(settings, place);
  assert.deepEqual(own, {
    ...settings,
    "node-name": "edge-1-2",
    port: 4_711,
    broker: "mqtt://u:p@127.0.0.1:1",
    "broker-user": "",
    "broker-password": "",
    "mqtt-version": "4",
    "service-port": undefined,
    // All of them together may have a few more than asked for, and never fewer.
    "max-connections": 251,
    workers: 1,
  });
  // It crosses a channel as JSON, where what is undefined is left out.
  const { "service-port": _, ...rest } = own;
  assert.deepEqual(JSON.parse(JSON.stringify(own)), rest);
});

test("a worker logs in as itself where the user is the node", () => {
  const place = { worker: 1, node: "edge-1", port: 1 };
  const userOf = (brokerUrl: string): string =>
    workerSettings(read({ workers: "2", broker: brokerUrl }), { ...place, brokerUrl }).broker;
  for (const [given, own] of [
    ["mqtt://edge-1:a@b:1883", "mqtt://edge-1-1:a@b:1883"],
    ["mqtts://edge-1@b", "mqtts://edge-1-1@b"],
    ["mqtt://edge-1:edge-1@edge-1", "mqtt://edge-1-1:edge-1@edge-1"],
    ["mqtt://edge-1:a@b,mqtts://edge-1:c@d", "mqtt://edge-1-1:a@b,mqtts://edge-1-1:c@d"],
    ["mqtt://edge-1:a,b@c", "mqtt://edge-1-1:a,b@c"],
    ["mqtt://shop:edge-1@b", "mqtt://shop:edge-1@b"],
    ["mqtt://edge-10:a@b", "mqtt://edge-10:a@b"],
    ["mqtt://edge-1:1883", "mqtt://edge-1:1883"],
    ["mqtt://edge-1", "mqtt://edge-1"],
    ["mqtt://b,mqtt://edge-1:1884", "mqtt://b,mqtt://edge-1:1884"],
  ] as const) {
    assert.equal(userOf(given), own);
  }
});

test("what is not set stays as it is for each worker", () => {
  const settings = read({ workers: "4", broker: "mqtt://b", "origin-name": "bridge" });
  const place = { worker: 0, node: "n", port: 1, brokerUrl: "mqtt://b" };
  const own = workerSettings(settings, place);
  assert.equal(own["max-connections"], settings["max-connections"]);
  assert.equal(own["mqtt-version"], "auto");
  assert.equal(own["origin-name"], "bridge-0");
});

test("names must leave room for the number of a worker", () => {
  const name = "n".repeat(30);
  checkWorkers(read({ workers: "10", "node-name": name }), platform(undefined));
  assert.throws(
    () => checkWorkers(read({ workers: "11", "node-name": name }), platform(undefined)),
    new RegExp(`^ServiceError: --node-name ${name}: the last of 11 workers would be ${name}-10`),
  );
  const origin = { "origin-name": `${name}nn`, origin: "http://127.0.0.1/" };
  checkWorkers(read({ ...origin }), platform(undefined));
  assert.throws(
    () => checkWorkers(read({ workers: "2", ...origin }), platform(undefined)),
    /^ServiceError: --origin-name n+: the last of 2 workers/,
  );
});

test("there are no fewer connections than workers to divide them over", () => {
  const flags = { workers: "3", "max-connections": "3" };
  checkWorkers(read(flags), platform(undefined));
  checkWorkers(read({ "max-connections": "1" }), platform(undefined));
  assert.throws(
    () => checkWorkers(read({ ...flags, "max-connections": "2" }), platform(undefined)),
    /^ServiceError: --max-connections 2 with --workers 3: it is divided over the workers/,
  );
});

test("a system that cannot share a port says so, and only where it has to", () => {
  assert.equal(reusePortRefusal("linux"), undefined);
  const refusal = reusePortRefusal("darwin");
  assert.match(refusal ?? "", /^--workers needs Linux on this runtime, and this is darwin/);
  checkWorkers(read({}), platform(refusal));
  assert.throws(() => checkWorkers(read({ workers: "2" }), platform(refusal)), /needs Linux/);
});

test("workers need a broker: with --origin it is the embedded one where none is named", () => {
  const origin = { origin: "http://127.0.0.1/" };
  assert.equal(read(origin).broker, "none");
  assert.equal(read({ ...origin, workers: "2" }).broker, "embedded");
  assert.equal(read({ ...origin, workers: "2", broker: "mqtt://b" }).broker, "mqtt://b");
  assert.throws(
    () => read({ ...origin, workers: "2", broker: "none" }),
    /--workers with --broker none: workers reach each other by a broker/,
  );
  const peers = { cluster: "http", peers: "http://127.0.0.1:1" };
  assert.throws(() => read({ ...peers, workers: "auto" }), /--workers with --cluster http: /);
  assert.equal(read(peers).broker, "none");
});
