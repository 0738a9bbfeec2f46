import { ServiceError } from "../../core/base/mod.ts";
import type { MemoryBroker } from "./command-bus-hub.ts";

type Done = (error?: ServiceError) => void;

/** The groups of one memory bus. As at a broker, a join is granted later, not in an outage. */
export class JoinedGroups {
  readonly #broker: MemoryBroker;
  /** By `APP/GROUP`: who waits to hear that it is joined. */
  readonly #waiting: Map<string, Done[]> = new Map();
  readonly #joined: Set<string> = new Set();
  #stopped = false;

  constructor(broker: MemoryBroker) {
    this.#broker = broker;
  }

  has(app: string, group: string): boolean {
    return group === "@all" || this.#joined.has(`${app}/${group}`);
  }

  join(app: string, group: string, done: Done): void {
    if (this.#stopped) {
      done(new ServiceError("broker-lost", "the bus is stopped"));
      return;
    }
    const key = `${app}/${group}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) waiting.push(done);
    else this.#waiting.set(key, [done]);
    queueMicrotask(() => this.#grant(key));
  }

  leave(app: string, group: string): void {
    const key = `${app}/${group}`;
    this.#joined.delete(key);
    this.#tell(key, new ServiceError("group-refused", "left before it was joined"));
  }

  /** The broker is there: grants what waited for it. */
  resume(): void {
    for (const key of [...this.#waiting.keys()]) this.#grant(key);
  }

  stop(): void {
    this.#stopped = true;
    this.#joined.clear();
    const error = new ServiceError("broker-lost", "the bus is stopped");
    for (const key of [...this.#waiting.keys()]) this.#tell(key, error);
  }

  #grant(key: string): void {
    if (!this.#broker.up || !this.#waiting.has(key)) return;
    if (this.#broker.refusedGroups.has(key)) {
      this.#tell(key, new ServiceError("group-refused", `nobody may join ${key}`));
      return;
    }
    this.#joined.add(key);
    this.#tell(key);
  }

  #tell(key: string, error?: ServiceError): void {
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const done of waiting) done(error);
  }
}
