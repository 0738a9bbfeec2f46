import { CloseCause, type ErrorCode, every, limits } from "../base/mod.ts";
import type { Cancel, Clock, Logger } from "../ports/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";
import { AddressLimits } from "./address-limits.ts";
import type { Connection } from "./connection.ts";
import { Liveness, type LivenessOptions } from "./liveness.ts";
import { type RateLimitOptions, RateLimits } from "./rate-limits.ts";
import type { Registry } from "./registry.ts";

export interface GuardOptions extends LivenessOptions, RateLimitOptions {
  /** Connections of one IP address; 0 without a limit. */
  readonly connectionsPerIpMax: number;
}

export interface GuardParts {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly end: (c: Connection, cause: CloseCause, closeCode: number, reason: string) => void;
}

const off: GuardOptions = {
  pingIntervalMs: 0,
  pingTimeoutMs: 0,
  idleTimeoutMs: 0,
  connectionAgeMsMax: 0,
  messagesPerSecondMax: 0,
  bytesPerSecondMax: 0,
  controlFramesPerSecondMax: 0,
  connectionsPerIpMax: 0,
};

/** Keeps out, and throws out, who is dead, idle, too old, too talkative or too many. */
export class ConnectionGuard {
  readonly #parts: GuardParts;
  readonly #liveness: Liveness;
  readonly #rates: RateLimits;
  readonly #addresses: AddressLimits;
  #cancel: Cancel = () => {};

  constructor(parts: GuardParts, given: Partial<GuardOptions> = {}) {
    this.#parts = parts;
    const options = { ...off, ...given };
    this.#rates = new RateLimits(parts.clock, options);
    this.#addresses = new AddressLimits(options.connectionsPerIpMax);
    this.#liveness = new Liveness(parts.registry, options, {
      ping: ({ socket }) => {
        const can = socket.ping();
        if (can) parts.metrics.pings.add(1);
        return can;
      },
      dead: (connection) => {
        this.#note(connection, "ping-timeout");
        connection.closing = CloseCause.error;
        connection.socket.terminate();
      },
      idle: (connection) => this.#close(connection, "idle-timeout", CloseCause.idle, 1001),
      aged: (connection) => this.#close(connection, "connection-age", CloseCause.limit, 1012),
    });
  }

  start(): void {
    if (!this.#liveness.needed) return;
    const { clock } = this.#parts;
    this.#cancel = every(clock, limits.livenessTickMs, () => this.#liveness.tick());
  }

  stop(): void {
    this.#cancel();
  }

  /** Whether a client of that address, which has so many waiting, must not come in now. */
  refuses(address: unknown, waiting: number): boolean {
    return typeof address === "string" && this.#addresses.full(address, waiting);
  }

  opened(connection: Connection, address: unknown): void {
    this.#liveness.opened(connection);
    if (this.#rates.needed) this.#rates.opened(connection);
    if (typeof address !== "string" || this.#addresses.opened(connection, address)) return;
    this.#close(connection, "connections-per-ip", CloseCause.limit, 1008);
  }

  /** Messages came. */
  spoke(connection: Connection, messages: number, bytes: number): void {
    this.#liveness.spoke(connection);
    if (!this.#rates.needed) return;
    const code = this.#rates.spoke(connection, messages, bytes);
    if (code !== undefined) this.#close(connection, code, CloseCause.limit, 1008);
  }

  /** Another sign of life came. */
  alive(connection: Connection, controlFrames: number): void {
    this.#liveness.alive(connection);
    if (controlFrames === 0 || !this.#rates.needed) return;
    const code = this.#rates.controlled(connection, controlFrames);
    if (code !== undefined) this.#close(connection, code, CloseCause.limit, 1008);
  }

  closed(connection: Connection): void {
    this.#liveness.closed(connection);
  }

  /** Its stream is gone too: until then it counts. */
  gone(connection: Connection): void {
    this.#addresses.gone(connection);
  }

  #close(connection: Connection, code: ErrorCode, cause: CloseCause, closeCode: number): void {
    if (connection.closing !== undefined) return;
    this.#note(connection, code);
    this.#parts.end(connection, cause, closeCode, code);
  }

  #note(connection: Connection, code: ErrorCode): void {
    this.#parts.metrics.error(code);
    this.#parts.logger.log("debug", "connection-ended", "a connection is ended by a limit", {
      code,
      connection: connection.id,
    });
  }
}
