import { closeReasons, limits } from "../base/mod.ts";
import type { Connection } from "./connection.ts";
import type { Registry } from "./registry.ts";

export interface LivenessOptions {
  /** A connection that was silent for this long is pinged; 0 never. */
  readonly pingIntervalMs: number;
  /** A pinged client that shows no sign of life for this long is dead. */
  readonly pingTimeoutMs: number;
  /** Without a message for this long a connection is idle; 0 never. */
  readonly idleTimeoutMs: number;
  /** Maximum age of a connection; 0: no limit. */
  readonly connectionAgeMsMax: number;
}

/** Stands for a time that never comes: the slot is free, or the check is switched off. */
const never = 0x7fff_ffff;

/** Pings come earlier by up to this share of the interval, so that they spread over time. */
const earlyShare = 1 / 4;

/**
 * Closes dead, idle and aged connections, without a timer or an object for each: it keeps four
 * numbers a slot and visits a part of the slots each tick, all of them in a second. It measures
 * time in ticks, so that a process that was stopped does not take its clients for silent.
 */
export class Liveness {
  readonly #registry: Registry;
  readonly #ping: (connection: Connection) => boolean;
  readonly #interval: number;
  readonly #timeout: number;
  readonly #idle: number;
  readonly #age: number;
  readonly #passTicks: number;
  #now = 1;
  #cursor = 0;
  // By slot, in ticks: last sign of life, last message, last ping, and when the age limit ends it.
  #seen: Int32Array = new Int32Array(0);
  #messageAt: Int32Array = new Int32Array(0);
  #pinged: Int32Array = new Int32Array(0);
  #ends: Int32Array = new Int32Array(0);

  /** `ping` returns false if the runtime cannot ping: that runtime finds dead peers itself. */
  constructor(
    registry: Registry,
    options: LivenessOptions,
    ping: (connection: Connection) => boolean,
  ) {
    this.#registry = registry;
    this.#ping = ping;
    this.#interval = ticks(options.pingIntervalMs);
    this.#timeout = ticks(options.pingTimeoutMs);
    this.#idle = ticks(options.idleTimeoutMs);
    this.#age = ticks(options.connectionAgeMsMax);
    const shortest = Math.min(this.#interval, this.#timeout, this.#idle, this.#age);
    const passTicksMax = Math.round(limits.livenessPassMs / limits.livenessTickMs);
    this.#passTicks = Math.max(1, Math.min(passTicksMax, Math.floor(shortest / 4)));
  }

  get needed(): boolean {
    return Math.min(this.#interval, this.#idle, this.#age) < never;
  }

  opened({ slot }: Connection): void {
    if (slot >= this.#seen.length) this.#grow(slot + 1);
    // The first ping is due earlier, by a random part of the interval: clients that connect
    // together are not pinged together.
    const share = spread(slot, this.#now);
    const interval = Math.min(this.#interval, this.#now);
    this.#seen[slot] = this.#now - Math.floor(interval * share * (1 - earlyShare));
    this.#messageAt[slot] = this.#now;
    this.#pinged[slot] = 0;
    // Up to a tenth earlier, so that clients that connected together leave apart.
    this.#ends[slot] =
      this.#age === never ? never : this.#now + Math.ceil(this.#age * (1 - share / 10));
  }

  closed({ slot }: Connection): void {
    this.#seen[slot] = never;
  }

  messageReceived({ slot }: Connection): void {
    this.#seen[slot] = this.#now;
    this.#messageAt[slot] = this.#now;
  }

  /** Any other sign of life came. */
  alive({ slot }: Connection): void {
    this.#seen[slot] = this.#now;
  }

  /** Called every `limits.livenessTickMs`. */
  tick(): void {
    this.#now++;
    const { slots } = this.#registry;
    for (let left = Math.ceil(slots / this.#passTicks); left > 0; left--) {
      if (this.#cursor >= slots) this.#cursor = 0;
      this.#visit(this.#cursor++);
    }
  }

  #visit(slot: number): void {
    const seen = this.#seen[slot] ?? never;
    if (seen === never) return;
    const now = this.#now;
    const pinged = this.#pinged[slot] as number;
    const waits = pinged > seen;
    const idle = now - (this.#messageAt[slot] as number) >= this.#idle;
    const aged = now >= (this.#ends[slot] as number);
    const silence = this.#interval * (1 - spread(slot, seen) * earlyShare);
    const pings = !waits && now - seen >= silence;
    if (!waits && !idle && !aged && !pings) return;
    const connection = this.#registry.get(slot);
    if (connection === undefined || connection.closing !== undefined) return;
    if (aged) {
      connection.close(closeReasons.connectionAge);
    } else if (connection.paused) {
      // Its socket is not read now, so silence means nothing.
      this.messageReceived(connection);
    } else if (idle) {
      connection.close(closeReasons.idleTimeout);
    } else if (pings) {
      if (this.#ping(connection)) this.#pinged[slot] = now;
      else this.#seen[slot] = now;
    } else if (waits && now - pinged >= this.#timeout) {
      connection.close(closeReasons.pingTimeout);
    }
  }

  #grow(needed: number): void {
    const length = Math.max(needed, this.#seen.length * 2, 64);
    const grown = (from: Int32Array, rest: number): Int32Array => {
      const to = new Int32Array(length).fill(rest, from.length);
      to.set(from);
      return to;
    };
    this.#seen = grown(this.#seen, never);
    this.#messageAt = grown(this.#messageAt, 0);
    this.#pinged = grown(this.#pinged, 0);
    this.#ends = grown(this.#ends, never);
  }
}

function ticks(ms: number): number {
  return ms === 0 ? never : Math.max(1, Math.ceil(ms / limits.livenessTickMs));
}

/** A number from 0 to 1, far apart for neighbouring slots. Knuth's multiplicative hash. */
function spread(slot: number, tick: number): number {
  return (Math.imul(slot + Math.imul(tick, 0x9e37), 0x9e37_79b1) >>> 0) / 2 ** 32;
}
