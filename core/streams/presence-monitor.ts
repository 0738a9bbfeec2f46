import { afterAwake, limits } from "../base/mod.ts";
import type { Cancel, Clock } from "../ports/mod.ts";

interface Watched {
  readonly everyMs: number;
  cancel: Cancel;
}

/**
 * Watches the heartbeats of other processes, by name. Only the time on this clock since a
 * heartbeat came in counts. So a dead process expires even if the broker publishes no Will, or if
 * its clock was wrong.
 */
export class PresenceMonitor {
  readonly #clock: Clock;
  readonly #expired: (name: string) => void;
  readonly #watched: Map<string, Watched> = new Map();
  #paused = false;

  /** `expired` is called once for a name. Then the name is not watched any more. */
  constructor(clock: Clock, expired: (name: string) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** A heartbeat came. The name expires when `limits.heartbeatsMissedMax` further ones do not. */
  heartbeat(name: string, everyMs: number): void {
    this.forget(name);
    const watched: Watched = { everyMs, cancel: () => {} };
    this.#watched.set(name, watched);
    this.#expect(name, watched);
  }

  /**
   * A presence was cleared. A Will also comes after a short outage: the name expires after the
   * grace, unless a heartbeat comes.
   */
  cleared(name: string, graceMs: number): void {
    const watched = this.#watched.get(name);
    // A broker that shuts down publishes the Wills of all its clients.
    if (watched === undefined || this.#paused) return;
    watched.cancel();
    this.#expire(name, watched, graceMs);
  }

  forget(name: string): void {
    this.#watched.get(name)?.cancel();
    this.#watched.delete(name);
  }

  /** The broker is away, and no heartbeat can come: no name expires until `resume`. */
  pause(): void {
    this.#paused = true;
    for (const { cancel } of this.#watched.values()) cancel();
  }

  /** Heartbeats can come again: each name gets its full time. */
  resume(): void {
    this.#paused = false;
    for (const [name, watched] of this.#watched) {
      watched.cancel();
      this.#expect(name, watched);
    }
  }

  #expect(name: string, watched: Watched): void {
    if (!this.#paused) this.#expire(name, watched, limits.heartbeatsMissedMax * watched.everyMs);
  }

  #expire(name: string, watched: Watched, ms: number): void {
    watched.cancel = afterAwake(this.#clock, ms, () => {
      this.#watched.delete(name);
      this.#expired(name);
    });
  }
}
