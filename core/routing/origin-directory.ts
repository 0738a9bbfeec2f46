import { limits } from "../base/mod.ts";
import type { Cancel, Clock, OriginPresence } from "../ports/mod.ts";

/** A live origin, as its presence tells. */
export interface LiveOrigin {
  readonly name: string;
  readonly presence: OriginPresence;
  /** Its share of the connections; 0 while it leaves. */
  readonly weight: number;
}

export interface OriginDirectoryListener {
  /** An origin is there; a new incarnation comes after `left` of the old one. */
  joined(origin: LiveOrigin): void;
  /** It is about to leave, and finishes what it was given. */
  leaving(name: string): void;
  /** Gone: cleared, dead, or silent for three heartbeats. */
  left(name: string): void;
}

/** Heartbeats an origin may miss before it counts as gone. */
export const missedHeartbeatsMax = 3;

/** A timer that fires so much late tells of this node's own stall, not of an origin's death. */
const stallMs = 500;

/**
 * The origins of an app. It goes by the time on this node's clock since a heartbeat came in, so
 * that neither a broker that forgets a Will nor a clock that is off keeps a dead one alive.
 */
export class OriginDirectory {
  readonly #clock: Clock;
  readonly #listener: OriginDirectoryListener;
  readonly #origins = new Map<string, { origin: LiveOrigin; cancel: Cancel }>();
  /** The broker is away: nobody's silence counts. */
  #held = false;

  constructor(clock: Clock, listener: OriginDirectoryListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  get size(): number {
    return this.#origins.size;
  }

  *live(): IterableIterator<LiveOrigin> {
    for (const { origin } of this.#origins.values()) yield origin;
  }

  get(name: string): LiveOrigin | undefined {
    return this.#origins.get(name)?.origin;
  }

  /** A presence came in, or (undefined) was cleared. */
  presence(name: string, presence: OriginPresence | undefined): void {
    const known = this.#origins.get(name);
    const another =
      presence !== undefined && presence.incarnation !== known?.origin.presence.incarnation;
    if (another) this.#remove(name);
    if (presence === undefined) {
      if (known !== undefined) this.#gone(name, known.origin);
      return;
    }
    const leaving = presence.leaving === true;
    const before = this.#origins.get(name);
    before?.cancel();
    const cancel = this.#watch(name, presence);
    const weight = leaving ? 0 : (presence.weight ?? 1);
    const origin: LiveOrigin = { name, presence, weight };
    this.#origins.set(name, { origin, cancel });
    if (before === undefined) this.#listener.joined(origin);
    if (leaving && before?.origin.presence.leaving !== true) this.#listener.leaving(name);
  }

  /** Counts an origin as gone although its heartbeat may go on. */
  expel(name: string): void {
    this.#remove(name);
  }

  /**
   * While the broker is away nobody's heartbeat can come: everyone is given the full time again
   * from now on, so that an outage kills no origin.
   */
  graceAll(): void {
    this.#held = false;
    for (const [name, { origin, cancel }] of this.#origins) {
      cancel();
      this.#origins.set(name, { origin, cancel: this.#watch(name, origin.presence) });
    }
  }

  /** Stops the clock on everyone until `graceAll`: the broker is away. */
  hold(): void {
    this.#held = true;
    for (const { cancel } of this.#origins.values()) cancel();
  }

  /** Silent for three heartbeats is gone, unless it is this node that did not listen. */
  #watch(name: string, presence: OriginPresence): Cancel {
    if (this.#held) return () => {};
    const silentMs = missedHeartbeatsMax * presence.every;
    const due = this.#clock.now() + silentMs;
    return this.#clock.after(silentMs, () => {
      const known = this.#origins.get(name);
      if (known === undefined || this.#clock.now() - due <= stallMs) this.#remove(name);
      else known.cancel = this.#watch(name, presence);
    });
  }

  /** A Will comes after a mere hiccup too: one that lives is back within a moment. */
  #gone(name: string, origin: LiveOrigin): void {
    if (origin.presence.leaving === true) {
      this.#remove(name);
      return;
    }
    // A broker that is being stopped sends everybody's Will as its last word.
    if (this.#held) return;
    this.#origins.get(name)?.cancel();
    const cancel = this.#clock.after(limits.originGraceMs, () => this.#remove(name));
    this.#origins.set(name, { origin, cancel });
  }

  #remove(name: string): void {
    const known = this.#origins.get(name);
    if (known === undefined) return;
    known.cancel();
    this.#origins.delete(name);
    this.#listener.left(name);
  }
}
