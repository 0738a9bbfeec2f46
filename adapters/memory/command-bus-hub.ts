import type {
  EventDestination,
  GroupMessage,
  NodePresence,
  OriginDestination,
} from "../../core/ports/mod.ts";

/** One batch of events as the hub's listeners get it. */
export interface HubEvents {
  readonly destination: EventDestination | OriginDestination;
  readonly node: string;
  readonly batch: Uint8Array;
}

/** What a bus or a channel does on the hub. */
export interface HubMember {
  connected(connected: boolean): void;
  command?(app: string, sender: string, reach: "node" | "all", payload: Uint8Array): void;
  /** A command batch for a group; the member knows whether it joined that. */
  groupCommand?(app: string, sender: string, group: string, payload: Uint8Array): void;
  groupMessage?(message: GroupMessage): void;
  presence?(app: string, node: string, presence: NodePresence | undefined): void;
}

/**
 * Stands for the broker between memory buses and memory channels. It delivers after the caller
 * has returned, in order, and can be taken down and brought up again.
 */
export class MemoryBroker {
  readonly #members: Map<HubMember, string> = new Map();
  readonly #presence: Map<string, { app: string; node: string; presence: NodePresence }> =
    new Map();
  /** Groups that nobody may join, for tests: as `APP/GROUP`. */
  readonly refusedGroups: Set<string> = new Set();
  readonly #eventListeners: Set<(events: HubEvents) => void> = new Set();
  #up = true;

  get up(): boolean {
    return this.#up;
  }

  /** Takes the broker down (everybody loses it) or brings it up again. */
  set up(up: boolean) {
    if (up === this.#up) return;
    this.#up = up;
    for (const member of this.#members.keys()) member.connected(up);
    if (up) for (const member of this.#members.keys()) this.#replay(member);
  }

  join(node: string, member: HubMember): void {
    this.#members.set(member, node);
    if (!this.#up) return;
    member.connected(true);
    this.#replay(member);
  }

  leave(member: HubMember): void {
    this.#members.delete(member);
  }

  /** Hears every batch of events. Returns what ends it. */
  onEvents(listener: (events: HubEvents) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  /** Delivers events and calls back when all have them. */
  events(events: HubEvents, done: () => void): void {
    queueMicrotask(() => {
      if (!this.#up) return;
      for (const listener of this.#eventListeners) listener(events);
      done();
    });
  }

  /** A command batch to one node, or to all (`node` undefined). */
  command(app: string, sender: string, node: string | undefined, payload: Uint8Array): void {
    if (!this.#up) return;
    queueMicrotask(() => {
      for (const [member, name] of this.#members) {
        if (node !== undefined && name !== node) continue;
        member.command?.(app, sender, node === undefined ? "all" : "node", payload);
      }
    });
  }

  /** A command batch to every node that joined the group. */
  groupCommand(app: string, sender: string, group: string, payload: Uint8Array): void {
    if (!this.#up) return;
    queueMicrotask(() => {
      for (const member of this.#members.keys()) {
        member.groupCommand?.(app, sender, group, payload);
      }
    });
  }

  /** A raw message for the members of a group, on every node. */
  groupMessage(message: GroupMessage): void {
    if (!this.#up) return;
    queueMicrotask(() => {
      for (const member of this.#members.keys()) member.groupMessage?.(message);
    });
  }

  /** Sets a node's retained presence, or clears it. */
  presence(app: string, node: string, presence: NodePresence | undefined): void {
    if (!this.#up) return;
    const key = `${app}/${node}`;
    if (presence === undefined) this.#presence.delete(key);
    else this.#presence.set(key, { app, node, presence });
    queueMicrotask(() => {
      for (const member of this.#members.keys()) member.presence?.(app, node, presence);
    });
  }

  #replay(member: HubMember): void {
    queueMicrotask(() => {
      for (const { app, node, presence } of this.#presence.values()) {
        member.presence?.(app, node, presence);
      }
    });
  }
}
