import { type EventDependencies, publishEmptyAlive } from "../events/mod.ts";

export interface NoSubscribersOptions {
  readonly app: string;
  readonly partitions: number;
  readonly json: boolean;
}

/**
 * Partitions of open mode that had no subscriber when a handshake was to be authorised. MQTT 5
 * reports it; brokers of MQTT 3.1.1 cannot. A load balancer sends no handshakes to a node that is
 * not ready, so an empty `alive` outside any stream asks the broker each second.
 */
export class NoSubscribers {
  readonly #dependencies: EventDependencies;
  readonly #options: NoSubscribersOptions;
  readonly #without: Set<number> = new Set();
  readonly #asked: Set<number> = new Set();

  constructor(dependencies: EventDependencies, options: NoSubscribersOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
  }

  /** Whether no partition has a subscriber. */
  get all(): boolean {
    return this.#without.size === this.#options.partitions;
  }

  /** The broker says that nobody subscribes to this partition. The others are asked too. */
  add(partition: number): void {
    const first = this.#without.size === 0;
    this.#without.add(partition);
    for (let other = 0; first && other < this.#options.partitions; other++) {
      if (other !== partition) this.#ask(other);
    }
  }

  /** Called once a second while the channel can publish. */
  ask(): void {
    for (const partition of this.#without) this.#ask(partition);
  }

  #ask(partition: number): void {
    if (this.#asked.has(partition)) return;
    this.#asked.add(partition);
    const { app, json } = this.#options;
    publishEmptyAlive(this.#dependencies, { app, partition }, json, (error) => {
      this.#asked.delete(partition);
      if (error === undefined) this.#without.delete(partition);
      else if (error.code === "no-subscriber") this.#without.add(partition);
    });
  }
}
