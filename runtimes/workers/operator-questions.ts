import { ServiceError } from "../../core/base/mod.ts";
import type { NodeInspector } from "../../core/inspect/mod.ts";
import type { Cancel } from "../../core/ports/mod.ts";
import type { Notice, Order } from "./messages.ts";

/** Who answers: the inspector of the worker's node. */
export type Answering = Pick<NodeInspector, "answer" | "tail">;

/** A worker's side of the questions of operators. */
export class OperatorQuestions {
  readonly #send: (notice: Notice) => void;
  readonly #tails: Map<number, Cancel> = new Map();
  /** Undefined until the service is there. */
  answering: Answering | undefined;

  /** `send` passes a notice to the supervisor. */
  constructor(send: (notice: Notice) => void) {
    this.#send = send;
  }

  ask({ id, question }: Extract<Order, { kind: "ask" }>): void {
    const refuse = (cause: unknown): void => {
      const code = cause instanceof ServiceError ? cause.code : "internal";
      const message = cause instanceof ServiceError ? cause.message : "the question failed";
      this.#send({ kind: "answer", id, error: { code, message } });
    };
    if (this.answering === undefined) {
      refuse(new ServiceError("requests-full", "the worker is starting"));
      return;
    }
    this.answering.answer(question).then((answer) => {
      this.#send({ kind: "answer", id, answer });
    }, refuse);
  }

  /** The supervisor bounds the number of tails as the node does, so that none is refused. */
  tail({ id, filter }: Extract<Order, { kind: "tail" }>): void {
    this.end(id);
    const cancel = this.answering?.tail(filter, (lines, leftOut) => {
      this.#send({ kind: "tailed", id, lines, leftOut });
    });
    if (cancel !== undefined) this.#tails.set(id, cancel);
  }

  end(id: number): void {
    this.#tails.get(id)?.();
    this.#tails.delete(id);
  }
}
