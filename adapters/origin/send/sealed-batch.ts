import { ServiceError } from "../../../core/base/mod.ts";
import type { CommandBatch } from "./command-batch.ts";
import type { NodeOutbox } from "./node-outbox.ts";

/** A batch on its way to a node, until the broker confirms it. */
export class SealedBatch {
  readonly outbox: NodeOutbox;
  readonly topic: string;
  /** As they were counted when they were written. */
  readonly bytes: number;
  payload: Uint8Array = new Uint8Array(0);
  stream = "";
  /** Number of its first command. */
  first = 0;
  /** Number after its last command. */
  end = 0;
  published = false;
  answered = false;
  /** Not numbered yet. */
  #batch: CommandBatch | undefined;

  constructor(outbox: NodeOutbox, topic: string) {
    this.outbox = outbox;
    this.topic = topic;
    this.bytes = outbox.bytes;
    this.#batch = outbox.seal();
  }

  /** Its commands. */
  get items(): number {
    return this.#batch?.items ?? this.end - this.first;
  }

  /** Numbers it when it goes out for the first time; false where nothing of it is left. */
  number(failed: (error: ServiceError) => void): boolean {
    const batch = this.#batch;
    if (batch === undefined) return true;
    this.#batch = undefined;
    const { outbox } = this;
    const expired = batch.expire();
    const { items } = batch;
    const numbered = outbox.number(batch);
    if (numbered !== undefined) {
      this.stream = outbox.stream;
      this.payload = numbered.payload;
      this.first = numbered.end - items;
      this.end = numbered.end;
    }
    if (expired > 0) {
      const message = `${expired} messages for node ${outbox.node} were older than their ttl`;
      failed(new ServiceError("message-expired", message));
    }
    return numbered !== undefined;
  }
}
