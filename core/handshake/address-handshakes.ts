import { addressGroup } from "../base/mod.ts";
import type { Clock } from "../ports/mod.ts";

export interface AddressHandshakeOptions {
  /** Handshakes of one address that wait to be authorised at once; 0 without a limit. */
  readonly handshakesPerIpMax: number;
  /** Such handshakes of one address that begin in a second; 0 without a limit. */
  readonly handshakesPerIpPerSecondMax: number;
}

const secondMs = 1_000;

/** How many handshakes each address has under way, and has begun in this second. */
export class AddressHandshakes {
  readonly #clock: Clock;
  readonly #options: AddressHandshakeOptions;
  readonly #waiting: Map<string, number> = new Map();
  /** Of this second alone, so that nothing has to be looked through and forgotten. */
  #begun: Map<string, number> = new Map();
  #since = 0;

  constructor(clock: Clock, options: AddressHandshakeOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  waiting(address: string): number {
    return this.#waiting.get(addressGroup(address)) ?? 0;
  }

  /** Takes a place; the code says why there is none. */
  begin(address: string): "handshakes-per-ip" | "handshake-rate" | undefined {
    const { handshakesPerIpMax, handshakesPerIpPerSecondMax } = this.#options;
    const group = addressGroup(address);
    const waiting = this.#waiting.get(group) ?? 0;
    if (handshakesPerIpMax > 0 && waiting >= handshakesPerIpMax) return "handshakes-per-ip";
    if (handshakesPerIpPerSecondMax > 0) {
      const now = this.#clock.now();
      // The clock may be set back.
      if (now - this.#since >= secondMs || now < this.#since) {
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

  /** Gives the place back. */
  end(address: string): void {
    const group = addressGroup(address);
    const waiting = (this.#waiting.get(group) ?? 0) - 1;
    if (waiting > 0) this.#waiting.set(group, waiting);
    else this.#waiting.delete(group);
  }
}
