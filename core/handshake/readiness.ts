import type { Clock } from "../ports/mod.ts";
import type { HandshakeApp } from "./reservations.ts";

/** Whether the service can be used now, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** Reasons of `/readyz`. */
export const busAway: string = "no connection to the broker for commands and presence";
export const channelAway: string = "no connection to the broker for events";

export interface ReadinessOptions {
  /** Why the node takes no handshake, whatever its app. */
  readonly refusals: () => readonly string[];
  /** Whether handshakes ask an origin. */
  readonly authorizedByOrigin: boolean;
  /** A node whose link to the broker is lost for less than this stays ready. */
  readonly unreadyAfterMs: number;
}

/** Whether a load balancer should send new connections to this node. */
export class ReadinessWatch {
  readonly #clock: Clock;
  readonly #apps: readonly HandshakeApp[];
  readonly #options: ReadinessOptions;
  /** When each link was lost, by its reason; minus infinity if it was never there. */
  readonly #lost: Map<string, number> = new Map();
  draining = false;
  /** The access rules that this node misses at the broker. */
  missingRights: readonly string[] = [];

  constructor(clock: Clock, apps: readonly HandshakeApp[], options: ReadinessOptions) {
    this.#clock = clock;
    this.#apps = apps;
    this.#options = options;
    for (const reason of [busAway, channelAway]) {
      this.#lost.set(reason, Number.NEGATIVE_INFINITY);
    }
  }

  /** A link is established, or lost. `reason` is what `/readyz` says while it is lost. */
  link(reason: string, connected: boolean): void {
    if (connected) this.#lost.delete(reason);
    else if (!this.#lost.has(reason)) this.#lost.set(reason, this.#clock.ticks());
  }

  read(): Readiness {
    const reasons: string[] = [];
    const now = this.#clock.ticks();
    // While the window is full every handshake is refused: a short outage counts then, too.
    const refusing = this.#apps.every(({ router }) => router.refusal !== undefined);
    for (const [reason, since] of this.#lost) {
      if (refusing || now - since >= this.#options.unreadyAfterMs) reasons.push(reason);
    }
    if (this.#withoutOrigin()) reasons.push("no origin");
    // A link that is away fills the window too, and is the better reason.
    if (refusing && reasons.length === 0) reasons.push("event window full");
    const waiting = this.#connectsFull() ? ["too many handshakes wait for an origin"] : [];
    reasons.push(...new Set([...waiting, ...this.#options.refusals()]));
    reasons.push(
      ...this.missingRights,
      ...[...this.#apps].flatMap(({ router }) => router.missingRights),
    );
    if (this.draining) reasons.push("draining");
    return { ready: reasons.length === 0, reasons };
  }

  #connectsFull(): boolean {
    const { authorizedByOrigin } = this.#options;
    return authorizedByOrigin && this.#apps.every(({ router }) => router.connectsFull);
  }

  /** Whether every handshake gets 503 because no origin is there. */
  #withoutOrigin(): boolean {
    const { authorizedByOrigin } = this.#options;
    const refusals = this.#apps.map(({ router }) => router.refusal);
    if (refusals.includes("no-origin") && !refusals.includes(undefined)) return true;
    return this.#apps.every(({ router }) => {
      if (router.refusal === "no-origin") return true;
      return authorizedByOrigin && (!router.hasOrigin || router.noSubscribers);
    });
  }
}
