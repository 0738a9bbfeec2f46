import type { AdminMember } from "../../adapters/admin/mod.ts";
import { ServiceError } from "../../core/base/mod.ts";
import type { Question, TailFilter, TailReceiver } from "../../core/inspect/mod.ts";
import type { Cancel, Clock } from "../../core/ports/mod.ts";
import type { Notice, Order } from "./messages.ts";
import { workerLimits } from "./worker-limits.ts";

type Answer = Extract<Notice, { kind: "answer" }>;

interface OpenTail {
  readonly filter: TailFilter;
  readonly receive: TailReceiver;
  readonly interrupted: () => void;
}

/** The questions of operators to one worker, and what it answers. */
export class WorkerQuestions implements AdminMember {
  readonly node: string;
  readonly #tell: (order: Order) => void;
  readonly #clock: Clock;
  readonly #asked: Map<number, (answer: Answer) => void> = new Map();
  readonly #tails: Map<number, OpenTail> = new Map();
  #lastId = 0;

  constructor(node: string, tell: (order: Order) => void, clock: Clock) {
    this.node = node;
    this.#tell = tell;
    this.#clock = clock;
  }

  /** Rejects with `reply-timeout`, or with the code of the worker. */
  ask(question: Question): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(workerLimits.answerMs, () => {
        this.#asked.delete(id);
        reject(new ServiceError("reply-timeout", `${this.node} did not answer in time`));
      });
      this.#asked.set(id, ({ answer, error }) => {
        cancel();
        this.#asked.delete(id);
        if (error === undefined) resolve(answer);
        else reject(new ServiceError(error.code, error.message));
      });
      this.#tell({ kind: "ask", id, question });
    });
  }

  tail(filter: TailFilter, receive: TailReceiver, interrupted: () => void): Cancel {
    const id = ++this.#lastId;
    this.#tails.set(id, { filter, receive, interrupted });
    this.#tell({ kind: "tail", id, filter });
    return () => {
      if (this.#tails.delete(id)) this.#tell({ kind: "tail-end", id });
    };
  }

  answered(answer: Answer): void {
    this.#asked.get(answer.id)?.(answer);
  }

  tailed({ id, lines, leftOut }: Extract<Notice, { kind: "tailed" }>): void {
    this.#tails.get(id)?.receive(lines, leftOut);
  }

  /** Another process has taken the place of the worker: it follows what the former one did. */
  started(): void {
    for (const [id, { filter }] of this.#tails) this.#tell({ kind: "tail", id, filter });
  }

  /** The process has ended: nobody answers any more. */
  ended(): void {
    const error = { code: "worker-died", message: `${this.node} has ended` } as const;
    for (const [id, answered] of [...this.#asked]) answered({ kind: "answer", id, error });
    for (const { interrupted } of [...this.#tails.values()]) interrupted();
  }
}
