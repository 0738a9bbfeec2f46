import { limits, type ServiceError } from "../base/mod.ts";
import { type EventDependencies, publishEmptyAlive } from "../events/mod.ts";
import type { OriginPresence } from "../ports/mod.ts";

interface Refused {
  /** When the origin counts as gone, without a further heartbeat. */
  goneAt: number;
  askAt: number;
  /** Doubles each time: some brokers end the connection after a refused publish. */
  askMs: number;
  /** The access rule that is missing, where it is one. */
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
  /** Whether the channel can publish. While it cannot, no origin is tried. */
  connected = false;

  constructor(
    dependencies: EventDependencies,
    app: string,
    admit: (name: string, presence: OriginPresence) => void,
  ) {
    this.#dependencies = dependencies;
    this.#app = app;
    this.#admit = admit;
  }

  add(
    { name, presence }: { readonly name: string; readonly presence: OriginPresence },
    { code, message }: ServiceError,
  ): void {
    const now = this.#dependencies.clock.now();
    this.#forgetGone();
    const askMs = limits.ackProbeMs;
    const goneAt = now + limits.heartbeatsMissedMax * presence.every;
    const rule = code === "publish-refused" ? message : undefined;
    this.#origins.set(name, { goneAt, askAt: now + askMs, askMs, rule });
  }

  /** Access rules that are missing, each by its topic. */
  rules(): string[] {
    this.#forgetGone();
    return Array.from(this.#origins.values(), ({ rule }) => rule).filter(
      (rule) => rule !== undefined,
    );
  }

  /** A presence came in, or was cleared. True where the origin lives and is still refused. */
  presence(name: string, presence: OriginPresence | undefined): boolean {
    const refused = this.#origins.get(name);
    if (refused === undefined) return false;
    if (presence === undefined) {
      this.#origins.delete(name);
      return false;
    }
    const now = this.#dependencies.clock.now();
    refused.goneAt = now + limits.heartbeatsMissedMax * presence.every;
    if (this.connected && now >= refused.askAt) {
      refused.askMs = Math.min(2 * refused.askMs, limits.ackProbeMsMax);
      refused.askAt = now + refused.askMs;
      this.#ask(name, presence, refused);
    }
    return true;
  }

  /** A broker that was killed clears no presence: names must not pile up. */
  #forgetGone(): void {
    const now = this.#dependencies.clock.now();
    for (const [name, { goneAt }] of this.#origins) {
      if (goneAt < now) this.#origins.delete(name);
    }
  }

  #ask(name: string, presence: OriginPresence, refused: Refused): void {
    const destination = { app: this.#app, origin: name };
    const json = presence.format === "json";
    publishEmptyAlive(this.#dependencies, destination, json, (error) => {
      if (error !== undefined) this.#dependencies.metrics.error(error.code);
      else if (this.#origins.get(name) === refused) {
        this.#origins.delete(name);
        this.#admit(name, presence);
      }
    });
  }
}
