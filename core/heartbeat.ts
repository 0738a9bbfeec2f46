import type { Apps } from "./apps.ts";
import type { Registry } from "./connection/mod.ts";
import { every } from "./connection/mod.ts";
import type { EventStream } from "./events/mod.ts";
import type { Cancel, Clock, CommandBus, NodePresence } from "./ports/mod.ts";

export interface HeartbeatParts {
  readonly apps: Apps;
  readonly bus: CommandBus;
  readonly clock: Clock;
  readonly registry: Registry;
}

export interface HeartbeatOptions {
  readonly incarnation: string;
  readonly runtime: string;
  readonly version: string;
  readonly presenceIntervalMs: number;
  readonly keepAliveIntervalMs: number;
}

/** The node's heartbeat on the cluster bus, and the origins' keep-alives of its connections. */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  readonly #options: HeartbeatOptions;
  #cancels: Cancel[] = [];

  constructor(parts: HeartbeatParts, options: HeartbeatOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  start(): void {
    const { clock } = this.#parts;
    const { presenceIntervalMs, keepAliveIntervalMs } = this.#options;
    this.#announce();
    this.#cancels = [
      every(clock, presenceIntervalMs, () => this.#announce()),
      every(clock, keepAliveIntervalMs, () => this.#keepAlive()),
    ];
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
  }

  /** Of each app, with the connections that this node has of it. */
  #announce(): void {
    const { apps, bus, clock } = this.#parts;
    const { incarnation, runtime, version, presenceIntervalMs } = this.#options;
    for (const { name, connections } of apps) {
      const presence: NodePresence = {
        v: 1,
        incarnation,
        at: clock.now(),
        every: presenceIntervalMs,
        connections,
        runtime,
        version,
      };
      bus.announce(name, presence);
    }
  }

  /** `alive` items for every connection. A stream that is full, or stands still, gets none. */
  #keepAlive(): void {
    const ids = new Map<EventStream, string[]>();
    for (const { stream, id } of this.#parts.registry.all()) {
      if (stream.windowFull || !stream.flows) continue;
      const batch = ids.get(stream) ?? [];
      ids.set(stream, batch);
      batch.push(id);
    }
    for (const [stream, batch] of ids) stream.alive(batch);
  }
}
