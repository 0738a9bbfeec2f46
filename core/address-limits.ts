import { addressGroup } from "./base/mod.ts";
import type { Connection } from "./connection.ts";

interface Group {
  readonly name: string;
  connections: number;
}

/**
 * How many connections an address has. Of IPv6 the first 64 bits count: whoever has one address
 * of such a network has all of them.
 */
export class AddressLimits {
  readonly #max: number;
  readonly #groups: Map<string, Group> = new Map();
  readonly #bySlot: (Group | undefined)[] = [];

  /** 0: without a limit. */
  constructor(connectionsPerIpMax: number) {
    this.#max = connectionsPerIpMax;
  }

  /** Whether an address has as many as it may. */
  full(address: string): boolean {
    if (this.#max === 0) return false;
    return (this.#groups.get(addressGroup(address))?.connections ?? 0) >= this.#max;
  }

  /** Counts a connection; false where it is one too many: handshakes may overlap. */
  opened({ slot }: Connection, address: string): boolean {
    if (this.#max === 0) return true;
    const name = addressGroup(address);
    const group = this.#groups.get(name) ?? { name, connections: 0 };
    this.#groups.set(name, group);
    group.connections++;
    this.#bySlot[slot] = group;
    return group.connections <= this.#max;
  }

  closed({ slot }: Connection): void {
    const group = this.#bySlot[slot];
    if (group === undefined) return;
    this.#bySlot[slot] = undefined;
    group.connections--;
    if (group.connections === 0) this.#groups.delete(group.name);
  }
}
