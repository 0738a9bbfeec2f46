import process from "node:process";
import { every } from "../../core/base/mod.ts";
import type { Clock } from "../../core/ports/mod.ts";
import type { Notice, Order, Report } from "./messages.ts";
import { type Answering, OperatorQuestions } from "./operator-questions.ts";
import { workerLimits } from "./worker-limits.ts";

export type Reported = Pick<Report, "metrics" | "notReady" | "unhealthy" | "brokers">;

/** Orders that the link carries out by itself. */
type OwnOrder = { kind: "report" | "ask" | "tail" | "tail-end" };

/** A worker's end of the channel to its supervisor. */
export class WorkerLink {
  readonly #send: (notice: Notice) => void;
  readonly #clock: Clock;
  readonly #questions: OperatorQuestions;
  #report: () => Reported = () => ({ metrics: [], notReady: ["starting"], unhealthy: [] });

  /** `send` passes a notice to the channel. */
  constructor(send: (notice: Notice) => void, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
    this.#questions = new OperatorQuestions(send);
  }

  /** The link of this process; undefined if no supervisor has started it. */
  static ofProcess(clock: Clock): WorkerLink | undefined {
    if (process.send === undefined) return undefined;
    return new WorkerLink((notice) => {
      // After the supervisor's end there is nobody to tell, and the process ends.
      if (process.connected) process.send?.(notice);
    }, clock);
  }

  /** Listens to orders, and reports from now on. Answers questions for reports by itself. */
  listen(onOrder: (order: Exclude<Order, OwnOrder>) => void): void {
    process.on("message", (order: Order) => {
      if (order.kind === "report") this.#sendReport(order.id);
      else if (order.kind === "ask") this.#questions.ask(order);
      else if (order.kind === "tail") this.#questions.tail(order);
      else if (order.kind === "tail-end") this.#questions.end(order.id);
      else onOrder(order);
    });
    this.#send({ kind: "ready" });
    every(this.#clock, workerLimits.reportEveryMs, () => this.#sendReport(0));
  }

  /** What is reported once the service is there. */
  reportOn(report: () => Reported): void {
    this.#report = report;
  }

  /** Who answers operators, once the service is there. */
  answerFrom(answering: Answering): void {
    this.#questions.answering = answering;
  }

  started(port: number): void {
    this.#sendReport(0);
    this.#send({ kind: "started", port });
  }

  drained(): void {
    this.#sendReport(0);
    this.#send({ kind: "drained" });
  }

  #sendReport(id: number): void {
    this.#send({ kind: "report", id, ...this.#report() });
  }
}
