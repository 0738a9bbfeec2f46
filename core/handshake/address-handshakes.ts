import { addressGroup } from "../base/mod.ts";
import type { Clock } from "../ports/mod.ts";

export interface AddressHandshakeOptions {
  /** Handshakes of one address that may wait to be authorised at once; 0: no limit. */
  readonly handshakesPerIpMax: number;
  /** Such handshakes of one address that may begin in a second; 0: no limit. */
  readonly handshakesPerIpPerSecondMax: number;
}

const secondMs = 1_000;

/**
 * Counts the handshakes that each address has waiting, and has begun in this second. Open
 * connections are counted in `core/connection/address-limits.ts`.
 */
export class AddressHandshakes {
  readonly #clock: Clock;
  /** They may change while the node runs. */
  readonly #options: Partial<AddressHandshakeOptions>;
  readonly #waiting: Map<string, number> = new Map();
  /** Handshakes begun in this second. The map is replaced each second, so nothing expires. */
  #begun: Map<string, number> = new Map();
  #since = 0;

  constructor(clock: Clock, options: Partial<AddressHandshakeOptions>) {
    this.#clock = clock;
    this.#options = options;
  }

  waiting(address: string): number {
    return this.#waiting.get(addressGroup(address)) ?? 0;
  }

  /** Counts a handshake. The code says why it is one too many. */
  begin(address: string): "handshakes-per-ip" | "handshake-rate" | undefined {
    const { handshakesPerIpMax = 0, handshakesPerIpPerSecondMax = 0 } = this.#options;
    const group = addressGroup(address);
    const waiting = this.#waiting.get(group) ?? 0;
    if (handshakesPerIpMax > 0 && waiting >= handshakesPerIpMax) return "handshakes-per-ip";
    if (handshakesPerIpPerSecondMax > 0) {
      const now = this.#clock.ticks();
      if (now - this.#since >= secondMs) {
        this.#begun = new Map();
        this.#since = now;
      }
      const begun = this.#begun.get(group) ?? 0;
      if (begun >= handshakesPerIpPerSecondMax) return "handshake-rate";
      this.#begun.set(group, begun + 1);
    }
    this.#waiting.set(group, waiting + 1);
    return undefined;
  }

  /** The handshake waits no longer. */
  end(address: string): void {
    const group = addressGroup(address);
    const waiting = (this.#waiting.get(group) ?? 0) - 1;
    if (waiting > 0) this.#waiting.set(group, waiting);
    else this.#waiting.delete(group);
  }
}
