import { addressGroup } from "../base/mod.ts";
import type { Connection } from "./connection.ts";

/**
 * Counts the open connections of each address, for `ConnectionGuard`. Handshakes that wait are
 * counted in `core/handshake/address-handshakes.ts`. An IPv6 address counts by
 * its first 64 bits, because whoever has one address of such a network has all of them.
 */
export class AddressLimits {
  /** 0: without a limit, and then addresses are not counted. */
  max: number;
  /** By address: connections, those included whose stream is not gone yet. */
  readonly #counts: Map<string, number> = new Map();

  constructor(connectionsPerIpMax: number) {
    this.max = connectionsPerIpMax;
  }

  /** Whether the address has reached its limit; its waiting handshakes count too. */
  full(address: string, waiting: number): boolean {
    if (this.max === 0) return false;
    return waiting + (this.#counts.get(addressGroup(address)) ?? 0) >= this.max;
  }

  /** Counts a connection. False if it exceeds the limit, as handshakes may overlap. */
  opened(connection: Connection): boolean {
    if (this.max === 0) return true;
    return this.#add(connection) <= this.max;
  }

  /** Counts a connection that is open already, unless it is counted or its address unknown. */
  count(connection: Connection): void {
    const { address, counted } = connection;
    if (this.max > 0 && !counted && address !== "") this.#add(connection);
  }

  /** How many connections the address has with this one. */
  #add(connection: Connection): number {
    const name = addressGroup(connection.address);
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    connection.counted = true;
    return count;
  }

  /** The connection's stream is gone. */
  gone(connection: Connection): void {
    if (!connection.counted) return;
    connection.counted = false;
    const name = addressGroup(connection.address);
    const left = (this.#counts.get(name) ?? 0) - 1;
    if (left > 0) this.#counts.set(name, left);
    else this.#counts.delete(name);
  }
}
