import { limits } from "../base/mod.ts";
import type { Clock, OriginPresence } from "../ports/mod.ts";
import { PresenceMonitor } from "../streams/mod.ts";

/** A live origin, as its presence tells. */
export interface LiveOrigin {
  readonly name: string;
  readonly presence: OriginPresence;
  /** Its share of the connections; 0 while it leaves. */
  readonly weight: number;
}

export interface OriginDirectoryListener {
  /** An origin is there. A new incarnation comes after `left` of the old one. */
  joined(origin: LiveOrigin): void;
  /** The origin is about to leave, and finishes what it was given. */
  leaving(name: string): void;
  /** The origin is gone: its presence was cleared, or three heartbeats are missing. */
  left(name: string): void;
}

export class OriginDirectory {
  readonly #listener: OriginDirectoryListener;
  readonly #origins: Map<string, LiveOrigin> = new Map();
  readonly #monitor: PresenceMonitor;

  constructor(clock: Clock, listener: OriginDirectoryListener) {
    this.#listener = listener;
    this.#monitor = new PresenceMonitor(clock, (name) => this.remove(name));
  }

  live(): Iterable<LiveOrigin> {
    return this.#origins.values();
  }

  /** A presence came in, or (undefined) was cleared. */
  presence(name: string, presence: OriginPresence | undefined): void {
    const known = this.#origins.get(name);
    if (presence === undefined) {
      if (known?.presence.leaving === true) this.remove(name);
      else this.#monitor.cleared(name, limits.originGraceMs);
      return;
    }
    if (known?.presence.incarnation !== presence.incarnation) this.remove(name);
    const before = this.#origins.get(name);
    const leaving = presence.leaving === true;
    const origin = { name, presence, weight: leaving ? 0 : (presence.weight ?? 1) };
    this.#origins.set(name, origin);
    this.#monitor.heartbeat(name, presence.every);
    if (before === undefined) this.#listener.joined(origin);
    if (leaving && before?.presence.leaving !== true) this.#listener.leaving(name);
  }

  /** Counts an origin as gone, although its heartbeats may go on. */
  remove(name: string): void {
    this.#monitor.forget(name);
    if (this.#origins.delete(name)) this.#listener.left(name);
  }

  /** Whether heartbeats can come. While they cannot, no origin is gone. */
  connected(connected: boolean): void {
    if (connected) this.#monitor.resume();
    else this.#monitor.pause();
  }
}
