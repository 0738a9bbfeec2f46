import type { ChildProcess } from "node:child_process";
import type { BrokerView } from "../../adapters/admin/mod.ts";
import type { SummedPart } from "../../adapters/metrics/mod.ts";
import { backOffMs, limits, ServiceError } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import type { Cancel, Clock, Logger } from "../../core/ports/mod.ts";
import type { Notice, Order } from "./messages.ts";
import { workerLimits } from "./worker-limits.ts";
import { WorkerQuestions } from "./worker-questions.ts";

export interface WorkerOptions {
  /** Counted from 0. */
  readonly worker: number;
  readonly settings: Settings;
  /** Starts a process with a channel. */
  readonly start: () => ChildProcess;
}

export interface WorkerPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where the metrics of its processes go. */
  readonly part: SummedPart;
  /** Called for each process that ends unasked, or hangs. */
  readonly failed: (code: "worker-died" | "worker-silent") => void;
}

/** How a process ended: one of the two is null. */
interface End {
  readonly code: number | null;
  readonly signal: string | null;
}

/** One place of a supervisor: a process, and another one whenever it has ended. */
export class Worker {
  #options: WorkerOptions;
  #unhealthy: readonly string[] = [];
  readonly #ports: WorkerPorts;
  #child: ChildProcess | undefined;
  #startedAt = 0;
  /** Since when its client port is open; undefined while it is not. */
  #servingSince: number | undefined;
  #notReady: readonly string[] = [];
  /** Failures in a row. */
  #failures = 0;
  /** Periods since its last notice. */
  #missed = 0;
  /** False once it need not run any more. */
  #isWanted = true;
  /** It ended while it was asked to drain or stop, and not with 0; or it had to be killed. */
  #failedToStop = false;
  #cancelRestart: Cancel = () => {};
  #lastQuestion = 0;
  /** Who waits for the answer to a question. */
  readonly #questions: Map<number, () => void> = new Map();
  /** The questions of operators. */
  readonly member: WorkerQuestions;
  #brokers: readonly BrokerView[] = [];
  #onFirst: ((result: number | ServiceError) => void) | undefined;
  #onDrained: (() => void) | undefined;
  #onEnded: (() => void) | undefined;

  constructor(options: WorkerOptions, ports: WorkerPorts) {
    this.#options = options;
    this.#ports = ports;
    const tell = (order: Order): void => this.#tell(order);
    this.member = new WorkerQuestions(options.settings["node-name"], tell, ports.clock);
  }

  /** Its client port is open. */
  get isServing(): boolean {
    return this.#servingSince !== undefined;
  }

  /** Its connections to brokers, as it said last. */
  get brokers(): readonly BrokerView[] {
    return this.#brokers;
  }

  /** Why it should get no new connections, as it said last. */
  get notReady(): readonly string[] {
    return this.#notReady;
  }

  /** Why it should be started again, as it said last; or it stalls, and says nothing. */
  get unhealthy(): readonly string[] {
    if (!this.isServing) return [];
    const silentMs = this.#missed * workerLimits.reportEveryMs;
    if (silentMs < limits.loopStallMs) return this.#unhealthy;
    return [...this.#unhealthy, `says nothing for ${silentMs / 1_000} s`];
  }

  /**
   * Resolves to its client port when its first process serves. Rejects with `worker-died` if that
   * ends before: what it fails for would most likely fail again.
   */
  start(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#onFirst = (result) => {
        this.#onFirst = undefined;
        if (typeof result === "number") resolve(result);
        else reject(result);
      };
      this.#run();
    });
  }

  /** A period has passed. Kills a process that hangs. */
  tick(): void {
    if (this.#child === undefined) return;
    const { reportEveryMs, reportsMissedMax, startReportsMissedMax } = workerLimits;
    this.#missed += 1;
    if (this.#missed !== (this.isServing ? reportsMissedMax : startReportsMissedMax)) return;
    const code = "worker-silent";
    const seconds = (this.#missed * reportEveryMs) / 1_000;
    const message = `a worker has said nothing for ${seconds} s and is killed`;
    this.#log("error", code, message, { code });
    this.#ports.failed(code);
    this.kill();
  }

  /** Resolves when it has reported, or after a limited time. */
  async refresh(): Promise<void> {
    if (!this.isServing) return;
    const id = ++this.#lastQuestion;
    await new Promise<void>((resolve) => {
      const cancel = this.#ports.clock.after(workerLimits.reportWaitMs, resolve);
      this.#questions.set(id, () => {
        cancel();
        resolve();
      });
      this.#tell({ kind: "report", id });
    });
    this.#questions.delete(id);
  }

  /** What its next processes start with. */
  use(settings: Settings): void {
    this.#options = { ...this.#options, settings };
  }

  /** Other settings from now on, for its present process and for the next ones. */
  reload(settings: Settings): void {
    this.use(settings);
    this.#tell({ kind: "reload", settings });
  }

  /** Resolves when it has no connections any more, or is gone. */
  drain(): Promise<void> {
    this.#isWanted = false;
    this.#cancelRestart();
    const limitMs = this.#options.settings["drain-period"] + workerLimits.stopMsMax;
    return this.#within(limitMs, (done) => {
      this.#onDrained = done;
      this.#tell({ kind: "drain" });
    });
  }

  /** Resolves when it has ended: true if everything went as it should. */
  async stop(): Promise<boolean> {
    await this.#within(workerLimits.stopMsMax, (done) => {
      this.#onEnded = done;
      this.#tell({ kind: "stop" });
    });
    return !this.#failedToStop;
  }

  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  /** Waits until `done` is called, or the process has ended, which is killed when it is late. */
  #within(ms: number, begin: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child === undefined) return resolve();
      const cancel = this.#ports.clock.after(ms, () => this.kill());
      begin(() => {
        cancel();
        resolve();
      });
    });
  }

  #run(): void {
    this.#startedAt = this.#ports.clock.ticks();
    this.#missed = 0;
    let child: ChildProcess;
    try {
      child = this.#options.start();
    } catch {
      this.#ended({ code: null, signal: null });
      return;
    }
    this.#child = child;
    child.on("message", (notice: Notice) => {
      // What an ended process said last may come after its end.
      if (this.#child === child) this.#notice(notice);
    });
    const ended = (end: End): void => {
      if (this.#child === child) this.#ended(end);
    };
    child.on("exit", (code, signal) => ended({ code, signal }));
    child.on("error", () => {
      // It could not be started, and no `exit` follows. Other errors come before an `exit`.
      if (child.pid === undefined) ended({ code: null, signal: null });
    });
  }

  #tell(order: Order): void {
    const child = this.#child;
    // The callback gets the error of a process that has just ended: `exit` says so, too.
    if (child?.connected === true) child.send(order, () => {});
  }

  #notice(notice: Notice): void {
    this.#missed = 0;
    const { settings, worker } = this.#options;
    switch (notice.kind) {
      case "ready":
        // What it was told before is lost on some runtimes.
        this.#tell(this.#isWanted ? { kind: "start", settings, worker } : { kind: "stop" });
        break;
      case "started":
        this.#servingSince = this.#ports.clock.ticks();
        this.#log("info", "worker-started", "a worker takes connections", {
          pid: this.#child?.pid,
        });
        this.member.started();
        this.#onFirst?.(notice.port);
        break;
      case "report":
        this.#notReady = notice.notReady;
        this.#brokers = notice.brokers ?? [];
        this.#unhealthy = notice.unhealthy;
        this.#ports.part.report(notice.metrics);
        this.#questions.get(notice.id)?.();
        break;
      case "answer":
        this.member.answered(notice);
        break;
      case "tailed":
        this.member.tailed(notice);
        break;
      case "drained":
        // A signal to the worker itself made it drain: another one takes its place.
        if (this.#isWanted) this.#tell({ kind: "stop" });
        this.#onDrained?.();
        break;
      default:
        notice satisfies never;
    }
  }

  #ended(end: End): void {
    this.#child = undefined;
    this.#unhealthy = [];
    const isClean = end.code === 0;
    const now = this.#ports.clock.ticks();
    const ranMs = now - this.#startedAt;
    const servedMs = now - (this.#servingSince ?? now);
    if (servedMs >= workerLimits.stableMs) this.#failures = 0;
    this.#servingSince = undefined;
    this.#ports.part.ended();
    for (const answered of this.#questions.values()) answered();
    this.#brokers = [];
    this.member.ended();
    if (this.#isWanted) this.#restart(end, ranMs);
    else if (!isClean) this.#failed(end, { ranMs });
    if (!this.#isWanted && !isClean) this.#failedToStop = true;
    // Where it was to stop before it had started, that is no failure.
    if (this.#isWanted) this.#onFirst?.(startFailed(this.#options.worker, end));
    this.#onDrained?.();
    this.#onEnded?.();
  }

  #restart(end: End, ranMs: number): void {
    // Before the first start has succeeded, the supervisor gives up.
    if (this.#onFirst !== undefined) return;
    if (end.code === 0) {
      this.#log("info", "worker-ended", "a worker has ended in order: another one starts", {});
      this.#run();
      return;
    }
    const { restartMsMin: msMin, restartMsMax: msMax } = workerLimits;
    const waitMs = this.#failures === 0 ? 0 : backOffMs(this.#failures - 1, { msMin, msMax });
    this.#failures += 1;
    this.#failed(end, { ranMs, restartMs: waitMs });
    if (waitMs === 0) this.#run();
    else this.#cancelRestart = this.#ports.clock.after(waitMs, () => this.#run());
  }

  #failed(end: End, fields: Readonly<Record<string, number>>): void {
    const code = "worker-died";
    this.#ports.failed(code);
    this.#log("warn", code, `a worker ended with ${said(end)}`, {
      code,
      exitCode: end.code,
      signal: end.signal,
      ...fields,
    });
  }

  #log(
    level: "info" | "warn" | "error",
    event: string,
    message: string,
    fields: Readonly<Record<string, string | number | null | undefined>>,
  ): void {
    const { worker, settings } = this.#options;
    const node = settings["node-name"];
    this.#ports.logger.log(level, event, message, { worker, node, ...fields });
  }
}

function startFailed(worker: number, end: End): ServiceError {
  const message = `worker ${worker} ended with ${said(end)} before it had started`;
  return new ServiceError("worker-died", message);
}

function said({ code, signal }: End): string {
  if (signal !== null) return signal;
  return code === null ? "no process" : `exit code ${code}`;
}
