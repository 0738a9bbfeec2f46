import type { ServiceError } from "../../../../core/base/mod.ts";
import {
  type NumberedBatch,
  type PublishAnswer,
  ReliableSender,
} from "../../../../core/streams/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

/** A connected sender whose batches have two items of five bytes each. */
export class SenderRig {
  readonly clock: ManualClock = new ManualClock();
  readonly sender: ReliableSender<NumberedBatch>;
  /** Numbers of the first items of what was published since the last look. */
  readonly #published: number[] = [];
  /** Of these, what the transport may lose. */
  readonly #atMostOnce: number[] = [];
  readonly answers: PublishAnswer[] = [];
  /** Answers each publish at once where it is set. */
  answer: { readonly error: ServiceError | undefined } | undefined = { error: undefined };
  /** Codes of the errors that batches failed with. */
  readonly failures: string[] = [];
  waiting = 0;
  /** Gets the numbers of batches that are acknowledged. */
  acknowledged: number[] = [];

  constructor(acknowledgedBy: "transport" | "receiver" = "receiver") {
    const flow = {
      take: () => {
        if (this.waiting === 0) return undefined;
        this.waiting--;
        return this.#batch();
      },
      publish: ({ first }: NumberedBatch, answered: PublishAnswer, atMostOnce: boolean) => {
        this.#published.push(first);
        if (atMostOnce) this.#atMostOnce.push(first);
        if (this.answer === undefined) this.answers.push(answered);
        else answered(this.answer.error);
      },
      failed: (_batch: NumberedBatch, { code }: ServiceError) => this.failures.push(code),
      acknowledged: ({ first }: NumberedBatch) => this.acknowledged.push(first),
      progressed: () => {},
    };
    this.sender = new ReliableSender(this.clock, flow, acknowledgedBy);
    this.sender.connected(true);
  }

  add(batches: number): void {
    for (let index = 0; index < batches; index++) this.sender.add(this.#batch());
    this.sender.pump();
  }

  get published(): number[] {
    return this.#published.splice(0);
  }

  /** Numbers of the first items of what the transport may lose, since the last look. */
  get atMostOnce(): number[] {
    return this.#atMostOnce.splice(0);
  }

  get stand(): number[] {
    const { acknowledged, next, items, bytes } = this.sender;
    return [acknowledged, next, items, bytes];
  }

  #batch(): NumberedBatch {
    return { first: this.sender.next, count: 2, payload: new Uint8Array(10) };
  }
}
