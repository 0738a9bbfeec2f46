import { addressGroup } from "../base/mod.ts";
import type { AddressPlaces, Connection } from "./connection.ts";

/**
 * Counts the open connections of each address, for `ConnectionGuard`. Handshakes that wait are
 * counted in `core/handshake/address-handshakes.ts`. An IPv6 address counts by
 * its first 64 bits, because whoever has one address of such a network has all of them.
 */
export class AddressLimits {
  /** 0: without a limit, and then addresses are not counted. */
  max: number;
  readonly #places: Map<string, AddressPlaces> = new Map();

  constructor(connectionsPerIpMax: number) {
    this.max = connectionsPerIpMax;
  }

  /** Whether the address has reached its limit; its waiting handshakes count too. */
  full(address: string, waiting: number): boolean {
    if (this.max === 0) return false;
    const places = this.#places.get(addressGroup(address));
    return waiting + (places?.connections ?? 0) >= this.max;
  }

  /** Counts a connection. False if it exceeds the limit, as handshakes may overlap. */
  opened(connection: Connection, address: string): boolean {
    if (this.max === 0) return true;
    return this.#place(connection, address).connections <= this.max;
  }

  /** Counts a connection that is open already, unless it is counted or its address unknown. */
  count(connection: Connection): void {
    const { address, places } = connection;
    if (this.max > 0 && places === undefined && address !== "") this.#place(connection, address);
  }

  #place(connection: Connection, address: string): AddressPlaces {
    const name = addressGroup(address);
    const places = this.#places.get(name) ?? { name, connections: 0 };
    this.#places.set(name, places);
    places.connections++;
    connection.places = places;
    return places;
  }

  /** The connection's stream is gone. */
  gone(connection: Connection): void {
    const { places } = connection;
    if (places === undefined) return;
    connection.places = undefined;
    places.connections--;
    if (places.connections === 0) this.#places.delete(places.name);
  }
}
