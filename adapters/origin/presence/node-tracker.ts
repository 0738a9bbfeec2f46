import type { Clock, NodePresence } from "../../../core/ports/mod.ts";
import { PresenceMonitor } from "../../../core/streams/mod.ts";
import { originLimits } from "../base/mod.ts";

interface Tracked {
  /** The presence was cleared: the node has left, or has lost its connection for a moment. */
  cleared?: boolean;
  /** Undefined for a node that was given up and tells of its connections again. */
  readonly presence: NodePresence | undefined;
}

/** A node has died, or begun a new life. `alive` is the incarnation that lives, if any. */
export type NodeLost = (node: string, alive: string | undefined) => void;

/** The nodes that live, as their presences tell. */
export class NodeTracker {
  readonly #clock: Clock;
  readonly #lost: NodeLost;
  readonly #nodes: Map<string, Tracked> = new Map();
  readonly #monitor: PresenceMonitor;
  /** Who waits until any node is known. */
  #firstWaits: (() => void)[] = [];

  constructor(clock: Clock, lost: NodeLost) {
    this.#clock = clock;
    this.#lost = lost;
    this.#monitor = new PresenceMonitor(clock, (node) => {
      this.#nodes.delete(node);
      lost(node, undefined);
    });
    this.#monitor.pause();
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
    this.#nodes.set(node, { presence: undefined });
    this.#monitor.heartbeat(node, originLimits.nodeLostGraceMs);
    this.#monitor.cleared(node, originLimits.nodeLostGraceMs);
  }

  /** A presence arrived; undefined: it was cleared. */
  presence(node: string, presence: NodePresence | undefined): void {
    const tracked = this.#nodes.get(node);
    if (presence === undefined) {
      if (tracked !== undefined) tracked.cleared = true;
      this.#monitor.cleared(node, originLimits.nodeLostGraceMs);
      return;
    }
    this.#nodes.set(node, { presence });
    this.#monitor.heartbeat(node, presence.every);
    for (const resolve of this.#firstWaits.splice(0)) resolve();
    const before = tracked?.presence?.incarnation;
    if (tracked !== undefined && before !== presence.incarnation) {
      this.#lost(node, presence.incarnation);
    }
  }

  /** Whether heartbeats can come. While they cannot, no node expires. */
  connected(connected: boolean): void {
    if (connected) this.#monitor.resume();
    else this.#monitor.pause();
  }

  end(): void {
    for (const node of this.#nodes.keys()) this.#monitor.forget(node);
    this.#nodes.clear();
    for (const resolve of this.#firstWaits.splice(0)) resolve();
  }
}
