import { closeReasons, every, limits } from "../base/mod.ts";
import type { Cancel, Clock } from "../ports/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";
import { AddressLimits } from "./address-limits.ts";
import type { Connection } from "./connection.ts";
import { Liveness, type LivenessOptions } from "./liveness.ts";
import { type RateLimitOptions, RateLimits } from "./rate-limits.ts";
import type { Registry } from "./registry.ts";
import { TokenExpiries } from "./token-expiry.ts";

export interface GuardOptions extends LivenessOptions, RateLimitOptions {
  /** Connections of one IP address; 0 without a limit. */
  readonly connectionsPerIpMax: number;
}

/**
 * Closes connections that are dead (`Liveness`), idle, too old, above a rate (`RateLimits`), too
 * many for their address (`AddressLimits`) or with an expired token (`TokenExpiries`). It decides
 * about open connections only; `core/handshake/handshake-gate.ts` decides about handshakes.
 */
export class ConnectionGuard {
  readonly #clock: Clock;
  readonly #registry: Registry;
  readonly #liveness: Liveness;
  readonly #rates: RateLimits;
  readonly #addresses: AddressLimits;
  readonly #expiries: TokenExpiries;
  /** Time of the last tick, in ms since the epoch. The clock is not asked for each message. */
  #tickAt = 0;
  /** By slot: `#tickAt` at the last message. */
  #messageAt: Float64Array = new Float64Array(0);
  #cancel: Cancel = () => {};

  constructor(clock: Clock, registry: Registry, metrics: GatewayMetrics, options: GuardOptions) {
    this.#clock = clock;
    this.#registry = registry;
    this.#expiries = new TokenExpiries(clock);
    this.#rates = new RateLimits(clock, options);
    this.#addresses = new AddressLimits(options.connectionsPerIpMax);
    this.#liveness = new Liveness(registry, options, ({ socket }) => {
      const can = socket.ping();
      if (can) metrics.pings.add(1);
      return can;
    });
  }

  start(): void {
    this.#expiries.start();
    if (!this.#liveness.needed) return;
    this.#tickAt = this.#clock.now();
    this.#cancel = every(this.#clock, limits.livenessTickMs, () => {
      this.#tickAt = this.#clock.now();
      this.#liveness.tick();
    });
  }

  /** Sets other rates and another limit of an address. Open connections past it stay open. */
  limit(options: RateLimitOptions & Pick<GuardOptions, "connectionsPerIpMax">): void {
    const hadRates = this.#rates.needed;
    this.#rates.limit(options);
    this.#addresses.max = options.connectionsPerIpMax;
    // Connections that opened while there was no limit were not counted.
    for (const connection of this.#registry.all()) this.#addresses.count(connection);
    if (hadRates || !this.#rates.needed) return;
    for (const connection of this.#registry.all()) this.#rates.opened(connection);
  }

  stop(): void {
    this.#expiries.stop();
    this.#cancel();
  }

  /** Whether the address, with its `waiting` handshakes, has reached its limit. */
  refuses(address: unknown, waiting: number): boolean {
    return typeof address === "string" && this.#addresses.full(address, waiting);
  }

  opened(connection: Connection): void {
    this.#liveness.opened(connection);
    if (this.#liveness.needed) this.#active(connection);
    if (this.#rates.needed) this.#rates.opened(connection);
    if (connection.address === "" || this.#addresses.opened(connection)) return;
    connection.close(closeReasons.connectionsPerIp);
  }

  messageReceived(connection: Connection, messages: number, bytes: number): void {
    this.#liveness.messageReceived(connection);
    if (connection.slot < this.#messageAt.length) this.#messageAt[connection.slot] = this.#tickAt;
    if (!this.#rates.needed) return;
    const reason = this.#rates.messageReceived(connection, messages, bytes);
    if (reason !== undefined) connection.close(reason);
  }

  /** The client sent another sign of life: a pong, or so many pings and pongs. */
  alive(connection: Connection, controlFrames: number): void {
    this.#liveness.alive(connection);
    if (controlFrames === 0 || !this.#rates.needed) return;
    const reason = this.#rates.controlled(connection, controlFrames);
    if (reason !== undefined) connection.close(reason);
  }

  /** Sets when the connection's token expires, in milliseconds since the epoch; 0: never. */
  expireAt(connection: Connection, expiresAt: number): void {
    this.#expiries.set(connection, expiresAt);
  }

  /**
   * Time of the client's last message, or of its handshake if there was none, in ms since the
   * epoch, to within a tenth of a second; undefined if it is not recorded.
   */
  lastMessageAt({ slot, openedAt }: Connection): number | undefined {
    if (!this.#liveness.needed) return undefined;
    return Math.max(openedAt, this.#messageAt[slot] ?? 0);
  }

  #active({ slot }: Connection): void {
    if (slot >= this.#messageAt.length) {
      const grown = new Float64Array(Math.max(slot + 1, 2 * this.#messageAt.length, 64));
      grown.set(this.#messageAt);
      this.#messageAt = grown;
    }
    this.#messageAt[slot] = this.#tickAt;
  }

  closed(connection: Connection): void {
    this.#expiries.forget(connection);
    this.#liveness.closed(connection);
  }

  /** The TCP stream is gone too: until then the connection counts for its address. */
  gone(connection: Connection): void {
    this.#addresses.gone(connection);
  }
}
