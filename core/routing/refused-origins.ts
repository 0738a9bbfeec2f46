import { limits, type ServiceError } from "../base/mod.ts";
import { type EventDependencies, publishEmptyAlive } from "../events/mod.ts";
import type { OriginPresence } from "../ports/mod.ts";
import { PresenceMonitor } from "../streams/mod.ts";

interface Refused {
  askAt: number;
  /** Doubles each time: some brokers end the connection after a refused publish. */
  askMs: number;
  /** The access rule that is missing, if it is one. */
  readonly rule: string | undefined;
}

/**
 * Live origins to which the broker lets this node publish nothing. At some of their heartbeats
 * they are sent an empty `alive` outside any stream. When the broker takes it, they are assigned
 * connections again.
 */
export class RefusedOrigins {
  readonly #dependencies: EventDependencies;
  readonly #app: string;
  readonly #admit: (name: string, presence: OriginPresence) => void;
  readonly #origins: Map<string, Refused> = new Map();
  /** A broker that was killed clears no presence: names must not pile up. */
  readonly #monitor: PresenceMonitor;
  #connected = false;

  constructor(
    dependencies: EventDependencies,
    app: string,
    admit: (name: string, presence: OriginPresence) => void,
  ) {
    this.#dependencies = dependencies;
    this.#app = app;
    this.#admit = admit;
    this.#monitor = new PresenceMonitor(dependencies.clock, (name) => this.#origins.delete(name));
  }

  /** Whether the channel can publish. While it cannot, no origin is tried, and none is gone. */
  connected(connected: boolean): void {
    this.#connected = connected;
    if (connected) this.#monitor.resume();
    else this.#monitor.pause();
  }

  add(
    { name, presence }: { readonly name: string; readonly presence: OriginPresence },
    { code, message }: ServiceError,
  ): void {
    const askMs = limits.ackProbeMs;
    const askAt = this.#dependencies.clock.ticks() + askMs;
    const rule = code === "publish-refused" ? message : undefined;
    this.#origins.set(name, { askAt, askMs, rule });
    this.#monitor.heartbeat(name, presence.every);
  }

  /** Access rules that are missing, each by its topic. */
  rules(): string[] {
    return Array.from(this.#origins.values(), ({ rule }) => rule).filter(
      (rule) => rule !== undefined,
    );
  }

  /** A presence came in, or was cleared. True if the origin lives and is still refused. */
  presence(name: string, presence: OriginPresence | undefined): boolean {
    const refused = this.#origins.get(name);
    if (refused === undefined) return false;
    if (presence === undefined) {
      this.#forget(name);
      return false;
    }
    const now = this.#dependencies.clock.ticks();
    this.#monitor.heartbeat(name, presence.every);
    if (this.#connected && now >= refused.askAt) {
      refused.askMs = Math.min(2 * refused.askMs, limits.ackProbeMsMax);
      refused.askAt = now + refused.askMs;
      this.#ask(name, presence, refused);
    }
    return true;
  }

  #forget(name: string): void {
    this.#origins.delete(name);
    this.#monitor.forget(name);
  }

  #ask(name: string, presence: OriginPresence, refused: Refused): void {
    const destination = { app: this.#app, origin: name };
    const json = presence.format === "json";
    publishEmptyAlive(this.#dependencies, destination, json, (error) => {
      if (error !== undefined) this.#dependencies.metrics.error(error.code);
      else if (this.#origins.get(name) === refused) {
        this.#forget(name);
        this.#admit(name, presence);
      }
    });
  }
}
