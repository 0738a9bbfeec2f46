import type { Clock, NodePresence } from "../../../core/ports/mod.ts";
import { PresenceMonitor } from "../../../core/streams/mod.ts";
import { originLimits } from "../base/mod.ts";

interface Tracked {
  /** The presence was cleared: the node has left, or has lost its connection for a moment. */
  cleared?: boolean;
  /** Undefined for a node that was given up and sends events again. */
  readonly presence: NodePresence | undefined;
}

/** A node has died, or has restarted as the incarnation `alive`. */
export type NodeLost = (node: string, alive: string | undefined) => void;

/** Which nodes are alive, by their presences. */
export class NodeTracker {
  readonly #clock: Clock;
  readonly #lost: NodeLost;
  readonly #nodes: Map<string, Tracked> = new Map();
  readonly #monitor: PresenceMonitor;
  /** Callers that wait until any node is known. */
  readonly #firstWaits: Set<() => void> = new Set();

  constructor(clock: Clock, lost: NodeLost) {
    this.#clock = clock;
    this.#lost = lost;
    this.#monitor = new PresenceMonitor(clock, (node) => {
      this.#nodes.delete(node);
      lost(node, undefined);
    });
    this.#monitor.pause();
  }

  /** Whether the node has a presence. */
  lives(node: string): boolean {
    return this.#nodes.get(node)?.presence !== undefined;
  }

  /** Whether the node can answer: one that has left cannot, even within its grace. */
  present(node: string): boolean {
    return this.lives(node) && this.#nodes.get(node)?.cleared !== true;
  }

  living(): string[] {
    return [...this.#nodes.keys()].filter((node) => this.lives(node));
  }

  /** What the living nodes tell of themselves. */
  presences(): Map<string, NodePresence> {
    const told = new Map<string, NodePresence>();
    for (const [node, { presence }] of this.#nodes) {
      if (presence !== undefined) told.set(node, presence);
    }
    return told;
  }

  /** Resolves when the first presence came, or after `originLimits.firstNodeMs`. */
  first(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#firstWaits.delete(end);
        resolve();
      };
      const cancel = this.#clock.after(originLimits.firstNodeMs, end);
      this.#firstWaits.add(end);
    });
  }

  /** A node that was given up sends events: it must announce itself within the grace. */
  revived(node: string): void {
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
    for (const end of this.#firstWaits) end();
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
    for (const end of this.#firstWaits) end();
  }
}
