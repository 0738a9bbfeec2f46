import type { EventStream } from "./event-stream.ts";
import { every } from "./every.ts";
import type { Cancel, Clock, ClusterBus, NodePresence } from "./ports/mod.ts";
import type { Registry } from "./registry.ts";

export interface HeartbeatOptions {
  readonly app: string;
  readonly incarnation: string;
  readonly runtime: string;
  readonly version: string;
  readonly presenceIntervalMs: number;
  readonly keepAliveIntervalMs: number;
}

/** The node's heartbeat on the cluster bus, and the origins' keep-alives of its connections. */
export class Heartbeat {
  readonly #bus: ClusterBus;
  readonly #clock: Clock;
  readonly #registry: Registry;
  readonly #options: HeartbeatOptions;
  #cancels: Cancel[] = [];

  constructor(bus: ClusterBus, clock: Clock, registry: Registry, options: HeartbeatOptions) {
    this.#bus = bus;
    this.#clock = clock;
    this.#registry = registry;
    this.#options = options;
  }

  start(): void {
    const { presenceIntervalMs, keepAliveIntervalMs } = this.#options;
    this.#announce();
    this.#cancels = [
      every(this.#clock, presenceIntervalMs, () => this.#announce()),
      every(this.#clock, keepAliveIntervalMs, () => this.#keepAlive()),
    ];
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
  }

  #announce(): void {
    const { app, incarnation, runtime, version, presenceIntervalMs } = this.#options;
    const presence: NodePresence = {
      v: 1,
      incarnation,
      at: this.#clock.now(),
      every: presenceIntervalMs,
      connections: this.#registry.size,
      runtime,
      version,
    };
    this.#bus.announce(app, presence);
  }

  /** `alive` items for every connection. A stream whose window is full gets none this time. */
  #keepAlive(): void {
    const ids = new Map<EventStream, string[]>();
    for (const { stream, id } of this.#registry.all()) {
      if (stream.windowFull) continue;
      const batch = ids.get(stream) ?? [];
      ids.set(stream, batch);
      batch.push(id);
    }
    for (const [stream, batch] of ids) stream.alive(batch);
  }
}
