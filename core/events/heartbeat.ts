import { every } from "../base/mod.ts";
import type { ConnectionStream, Registry } from "../connection/mod.ts";
import type { Cancel, Clock, CommandBus, NodePresence } from "../ports/mod.ts";

export interface HeartbeatOptions {
  readonly incarnation: string;
  readonly runtime: string;
  readonly version: string;
  /** Served by the node. */
  readonly apps: readonly string[];
  readonly presenceIntervalMs: number;
  readonly keepAliveIntervalMs: number;
}

/** The node's heartbeat on the command bus, and the origins' keep-alives of its connections. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #bus: CommandBus;
  readonly #registry: Registry;
  readonly #options: HeartbeatOptions;
  #cancels: Cancel[] = [];

  constructor(clock: Clock, bus: CommandBus, registry: Registry, options: HeartbeatOptions) {
    this.#clock = clock;
    this.#bus = bus;
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

  /** Of each app, with the connections that this node has of it. */
  #announce(): void {
    const { apps, incarnation, runtime, version, presenceIntervalMs } = this.#options;
    for (const app of apps) {
      const presence: NodePresence = {
        v: 1,
        incarnation,
        at: this.#clock.now(),
        every: presenceIntervalMs,
        connections: this.#registry.of(app).size,
        runtime,
        version,
      };
      this.#bus.announce(app, presence);
    }
  }

  /** `alive` items for every connection. A stream that is full or stalled gets none. */
  #keepAlive(): void {
    const ids = new Map<ConnectionStream, string[]>();
    for (const { stream, id } of this.#registry.all()) {
      if (stream.windowFull || !stream.canPublish) continue;
      const batch = ids.get(stream) ?? [];
      ids.set(stream, batch);
      batch.push(id);
    }
    for (const [stream, batch] of ids) stream.alive(batch);
  }
}
