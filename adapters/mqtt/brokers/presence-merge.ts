import { LatestMap } from "../../../core/base/mod.ts";
import { brokersLimits } from "./brokers-limits.ts";

/** What the merge reads of a presence. */
export interface MergedPresence {
  readonly incarnation: string;
  readonly at: number;
}

interface Known extends MergedPresence {
  /** The brokers that have the presence, as bits. */
  brokers: number;
}

/** A presence that came from a broker. */
export interface ArrivedPresence {
  readonly broker: number;
  /** Undefined if it was cleared. */
  readonly presence: MergedPresence | undefined;
  /** The broker had it before this process subscribed. */
  readonly stored: boolean;
}

/**
 * Makes one presence of those that a process has at several brokers: the process is there while
 * one broker has its presence. A single broker may be wrong. If it loses its own connection to the
 * process, it publishes the Will. If it comes back from a crash, it has stored old presences.
 */
export class PresenceMerge {
  readonly #known: LatestMap<string, Known> = new LatestMap(brokersLimits.presencesMax);

  /** Notes what came. Returns false if it changes nothing, or another broker knows better. */
  accepts(name: string, { broker, presence, stored }: ArrivedPresence): boolean {
    const known = this.#known.get(name);
    const bit = 1 << broker;
    if (presence === undefined) {
      if (known === undefined) return true;
      known.brokers &= ~bit;
      return known.brokers === 0;
    }
    const { incarnation, at } = presence;
    const same = known?.incarnation === incarnation;
    if (known !== undefined && stored) {
      // The presence is of an earlier incarnation, or of one that has left since it was stored.
      if (!same && at < known.at) return false;
      if (same && known.brokers === 0 && at <= known.at) return false;
    }
    if (known !== undefined && same) {
      known.brokers |= bit;
      if (at < known.at) return false;
      this.#known.set(name, { incarnation, at, brokers: known.brokers });
      return true;
    }
    this.#known.set(name, { incarnation, at, brokers: bit });
    return true;
  }

  /** The brokers that have the presence, as bits; 0 if nobody has it. */
  brokersOf(name: string): number {
    return this.#known.get(name)?.brokers ?? 0;
  }

  /** Whether a process listens at this broker, as far as anybody knows. */
  mayBeAt(name: string, broker: number): boolean {
    const brokers = this.brokersOf(name);
    return brokers === 0 || (brokers & (1 << broker)) !== 0;
  }

  /** The broker is away: the presences that it has do not count any more. */
  lost(broker: number): void {
    for (const known of this.#known.values()) known.brokers &= ~(1 << broker);
  }
}
