import type { ServiceError } from "../../../core/base/mod.ts";

type Done = (error?: ServiceError) => void;

/** Who hears of a subscription at several brokers. */
export interface SubscribeAllListener {
  /** Called once: with the first error, or when all brokers that are there have granted it. */
  done(error?: ServiceError): void;
  /** A broker that was away has come back since, and refuses it. */
  refusedLate(broker: number): void;
}

interface Waiting {
  readonly missing: Set<number>;
  readonly listener: SubscribeAllListener;
  isGranted: boolean;
}

/**
 * Subscriptions at several brokers: one is granted when each broker that is there has granted it.
 * At one that is away it is made when that one comes back.
 */
export class SubscribeAll {
  readonly #size: number;
  readonly #isUp: (broker: number) => boolean;
  readonly #waiting: Set<Waiting> = new Set();

  constructor(size: number, isUp: (broker: number) => boolean) {
    this.#size = size;
    this.#isUp = isUp;
  }

  /** Asks every broker. */
  ask(listener: SubscribeAllListener, subscribe: (broker: number, answered: Done) => void): void {
    const missing = new Set(Array.from({ length: this.#size }, (_, broker) => broker));
    const waiting: Waiting = { missing, listener, isGranted: false };
    this.#waiting.add(waiting);
    for (let broker = 0; broker < this.#size; broker++) {
      subscribe(broker, (error) => {
        if (!missing.delete(broker)) return;
        if (!this.#waiting.has(waiting)) {
          if (error !== undefined && waiting.isGranted) listener.refusedLate(broker);
        } else if (error !== undefined) this.#end(waiting, error);
        else this.#endIfGranted(waiting);
      });
    }
  }

  /** A broker came or went. */
  changed(): void {
    for (const waiting of [...this.#waiting]) this.#endIfGranted(waiting);
  }

  #endIfGranted(waiting: Waiting): void {
    const { missing } = waiting;
    if (missing.size === this.#size) return;
    for (const broker of missing) if (this.#isUp(broker)) return;
    this.#end(waiting);
  }

  #end(waiting: Waiting, error?: ServiceError): void {
    this.#waiting.delete(waiting);
    waiting.isGranted = error === undefined;
    waiting.listener.done(error);
  }
}
