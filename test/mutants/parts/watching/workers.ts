import type { Mutant, Part } from "../mutant.ts";

const page = "docs/operating/workers.md";
const files = {
  program: "runtimes/cli/programs/run-worker.ts",
  settings: "runtimes/workers/worker-settings.ts",
  sums: "adapters/metrics/metric-sums.ts",
  supervisor: "runtimes/workers/supervisor.ts",
  worker: "runtimes/workers/worker.ts",
} as const;
const tests = {
  lifecycle: "test/integration/workers/lifecycle.node.test.ts",
  settings: "test/unit/runtimes/workers/worker-settings.test.ts",
  shared: "test/integration/workers/shared.node.test.ts",
  sums: "test/unit/adapters/metrics/metric-sums.test.ts",
  worker: "test/unit/runtimes/workers/worker.test.ts",
} as const;

/** A supervisor and its workers. */
const mutants: readonly Mutant[] = [
  {
    says: "Another process takes its place at once, with the same name",
    file: files.worker,
    find: "if (this.#child === child) this.#notice(notice);",
    replace: "this.#notice(notice);",
    tests: [tests.worker],
  },
  {
    says: "drain all workers at the same time, over one `drain-period`",
    file: files.worker,
    find: "    this.#isWanted = false;\n    this.#cancelRestart();\n",
    replace: "    this.#isWanted = false;\n",
    tests: [tests.worker],
  },
  {
    says: "had to be killed because it took 20 s longer than the period",
    file: files.worker,
    find: 'settings["drain-period"] + workerLimits.stopMsMax;',
    replace: "workerLimits.stopMsMax;",
    tests: [tests.worker],
  },
  {
    says: "The connections of the other workers do not notice.",
    file: files.worker,
    find: "    this.#servingSince = undefined;\n    this.#ports.part.ended();\n",
    replace: "    this.#ports.part.ended();\n",
    tests: [tests.worker],
  },
  {
    says: "Each time there is one log line, `worker-died`",
    file: files.worker,
    find: "    this.#failed(end, { ranMs, restartMs: waitMs });\n",
    replace: "",
    tests: [tests.worker],
  },
  {
    says: "so on up to 10 s",
    file: files.worker,
    find: "backOffMs(this.#failures - 1, { msMin, msMax });",
    replace: "backOffMs(this.#failures, { msMin, msMax });",
    tests: [tests.worker],
  },
  {
    says: "If a worker ends while the program starts",
    file: files.worker,
    find: "if (child.pid === undefined) ended({ code: null, signal: null });",
    replace: "",
    tests: [tests.worker],
  },
  {
    says: "A worker that reports nothing for 30 s hangs",
    file: files.worker,
    find: "  #notice(notice: Notice): void {\n    this.#missed = 0;\n",
    replace: "  #notice(notice: Notice): void {\n",
    tests: [tests.worker],
  },
  {
    says: "Another user stays as it is, for all of them.",
    file: files.settings,
    find: "if (rest.length === 0 || user !== node) return url;",
    replace: "if (rest.length === 0) return url;",
    tests: [tests.settings],
  },
  {
    says: "A node name has at most 32 characters, with the worker's number.",
    file: files.settings,
    find: "nameOf(settings[name], count - 1);",
    replace: "nameOf(settings[name], 0);",
    tests: [tests.settings],
  },
  {
    says: "`origin-name` gets the worker's number",
    file: files.settings,
    find: '"origin-name": nameOf(settings["origin-name"], worker) ?? "",',
    replace: '"origin-name": settings["origin-name"],',
    tests: [tests.settings],
  },
  {
    says: "| service port | supervisor.",
    file: files.settings,
    find: '    "service-port": undefined,\n',
    replace: "",
    tests: [tests.settings],
  },
  {
    says: "`no worker` if none serves",
    file: files.supervisor,
    find: 'if (serving.length === 0) return ["no worker"];',
    replace: "",
    tests: [tests.lifecycle, tests.shared],
  },
  {
    says: "`starting` until all have started once",
    file: files.supervisor,
    find: 'if (!this.#hasStarted) return ["starting"];',
    replace: "",
    tests: [tests.lifecycle, tests.shared],
  },
  {
    says: "It exits with 1 if a worker crashed meanwhile, or had to be killed",
    file: files.supervisor,
    find: "if (ends.every((isClean) => isClean)) return;",
    replace: "if (ends.some((isClean) => isClean)) return;",
    tests: [tests.lifecycle],
  },
  {
    says: "with the service port's refusals and its own memory and CPU time",
    file: files.supervisor,
    find: "    registerProcessMetrics(this.#metrics, this.#lag);\n",
    replace: "",
    tests: [tests.shared],
  },
  {
    says: "**SIGHUP** is [a reload](starting.md#reload) of all workers.",
    file: files.supervisor,
    find: "for (const [worker, place] of this.#workers.entries()) {",
    replace: "for (const [worker, place] of [...this.#workers.entries()].slice(1)) {",
    tests: ["test/integration/gateway/reload.node.test.ts"],
  },
  {
    says: "SIGTERM to a worker alone drains that worker, and another one takes its place.",
    file: files.program,
    find: "process.on(signal, () => void worker?.drain());",
    replace: "process.on(signal, () => {});",
    tests: [tests.lifecycle],
  },
  {
    says: "A counter goes on when a worker is replaced",
    file: files.sums,
    find: '      if (type === "gauge") continue;\n',
    replace: "",
    tests: [tests.sums],
  },
  {
    says: "A counter goes on when a worker is replaced, in its part too.",
    file: files.sums,
    find: "this.#counted.set(key, this.value(name, rest));",
    replace: "this.#counted.set(key, this.#values.get(key) ?? 0);",
    tests: [tests.sums],
  },
  {
    says: "the least of `wss_broker_up`",
    file: files.sums,
    find: "  wss_broker_up: Math.min,",
    replace: "  wss_broker_up: Math.max,",
    tests: [tests.sums],
  },
  {
    says: "the first line has the least or the most of all workers instead",
    file: files.sums,
    find: "const known = values.filter((value) => value !== undefined);",
    replace: "const known = values.map((value) => value ?? 0);",
    tests: [tests.sums],
  },
];

export const workers: Part = { name: "workers", page, mutants };
