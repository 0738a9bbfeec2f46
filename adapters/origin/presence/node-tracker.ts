import type { Cancel, Clock, NodePresence } from "../../../core/ports/mod.ts";
import { originLimits } from "../base/mod.ts";

interface Tracked {
  /** Its presence was cleared: it has left, or has lost its connection for a moment. */
  cleared?: boolean;
  /** None yet of one that was given up and tells of its connections again. */
  presence: NodePresence | undefined;
  /** Cancels the expiry of its heartbeat, or its grace. */
  cancel: Cancel;
}

/** A node has died, or begun a new life. `alive` is the incarnation that lives, if any. */
export type NodeLost = (node: string, alive: string | undefined) => void;

/**
 * Watches the presence of nodes. A Will also fires after a mere hiccup, and a broker's crash fires
 * none: so a short grace, and heartbeats that expire.
 */
export class NodeTracker {
  readonly #clock: Clock;
  readonly #lost: NodeLost;
  readonly #nodes: Map<string, Tracked> = new Map();
  #connected = false;
  /** Who waits until any node is known. */
  #firstWaits: (() => void)[] = [];

  constructor(clock: Clock, lost: NodeLost) {
    this.#clock = clock;
    this.#lost = lost;
  }

  /** The incarnation of a node that lives, as far as is known. */
  incarnation(node: string): string | undefined {
    return this.#nodes.get(node)?.presence?.incarnation;
  }

  /** Whether a node's presence stands. */
  lives(node: string): boolean {
    return this.#nodes.get(node)?.presence !== undefined;
  }

  /** Whether it can be expected to answer: a node that has left is no more, even in its grace. */
  present(node: string): boolean {
    return this.lives(node) && this.#nodes.get(node)?.cleared !== true;
  }

  /** Nodes whose presence stands. */
  living(): string[] {
    return [...this.#nodes.keys()].filter((node) => this.lives(node));
  }

  /** Resolves when the first presence came, or after a moment without one. */
  first(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(originLimits.firstNodeMs, resolve);
      this.#firstWaits.push(() => {
        cancel();
        resolve();
      });
    });
  }

  /** A node that was given up lives, it seems: it is to announce itself within the grace. */
  heard(node: string): void {
    if (this.#nodes.has(node)) return;
    const tracked = { presence: undefined, cancel: () => {} };
    this.#nodes.set(node, tracked);
    this.#expire(node, tracked, originLimits.nodeLostGraceMs);
  }

  /** A presence arrived; undefined: it was cleared. */
  presence(node: string, presence: NodePresence | undefined): void {
    const tracked = this.#nodes.get(node);
    tracked?.cancel();
    if (presence === undefined) {
      if (tracked === undefined) return;
      tracked.cleared = true;
      this.#expire(node, tracked, originLimits.nodeLostGraceMs);
      return;
    }
    const now: Tracked = { presence, cancel: () => {} };
    this.#nodes.set(node, now);
    this.#watch(node, now);
    for (const resolve of this.#firstWaits.splice(0)) resolve();
    const before = tracked?.presence?.incarnation;
    if (tracked !== undefined && before !== presence.incarnation) {
      this.#lost(node, presence.incarnation);
    }
  }

  /** While this origin has no broker it hears no heartbeat: nobody expires then. */
  connected(connected: boolean): void {
    this.#connected = connected;
    for (const [node, tracked] of this.#nodes) {
      tracked.cancel();
      if (connected) this.#watch(node, tracked);
    }
  }

  end(): void {
    for (const { cancel } of this.#nodes.values()) cancel();
    this.#nodes.clear();
    for (const resolve of this.#firstWaits.splice(0)) resolve();
  }

  #watch(node: string, tracked: Tracked): void {
    if (!this.#connected) return;
    const { every } = tracked.presence ?? { every: originLimits.nodeLostGraceMs };
    this.#expire(node, tracked, every * originLimits.heartbeatsMissedMax);
  }

  #expire(node: string, tracked: Tracked, ms: number): void {
    const due = this.#clock.now() + ms;
    tracked.cancel = this.#clock.after(ms, () => {
      // Heartbeats of that time wait unread: this process was stopped, or too busy to read them.
      if (this.#clock.now() - due > originLimits.stallMs) {
        this.#expire(node, tracked, ms);
        return;
      }
      this.#nodes.delete(node);
      this.#lost(node, undefined);
    });
  }
}
