import type {
  EventDestination,
  GroupMessage,
  NodePresence,
  OriginDestination,
} from "../../../core/ports/mod.ts";

/** One batch of events, as whoever listens to the memory broker gets it. */
export interface PublishedEvents {
  readonly destination: EventDestination | OriginDestination;
  readonly node: string;
  readonly batch: Uint8Array;
}

/** A node's retained presence; undefined where it was cleared. */
export interface PublishedPresence {
  readonly app: string;
  readonly node: string;
  readonly presence: NodePresence | undefined;
}

/** What a bus or a channel receives, as a client of the memory broker. */
export interface MemoryBrokerClient {
  connected(connected: boolean): void;
  command?(app: string, sender: string, scope: "node" | "all", payload: Uint8Array): void;
  /** A command batch for a group; the client knows whether it joined that. */
  groupCommand?(app: string, sender: string, group: string, payload: Uint8Array): void;
  groupMessage?(message: GroupMessage): void;
  /** The presence of the client's own node was set or cleared, by whomever. */
  presence?(published: PublishedPresence): void;
}

/**
 * Stands for the broker between memory buses and memory channels. It delivers after the caller
 * has returned, in order, and can be taken down and brought up again.
 */
export class MemoryBroker {
  readonly #clients: Map<MemoryBrokerClient, string> = new Map();
  readonly #retained: Map<string, PublishedPresence> = new Map();
  /** Groups that nobody may join, for tests: as `APP/GROUP`. */
  readonly refusedGroups: Set<string> = new Set();
  readonly #eventListeners: Set<(events: PublishedEvents) => void> = new Set();
  readonly #presenceListeners: Set<(published: PublishedPresence) => void> = new Set();
  #up = true;

  get up(): boolean {
    return this.#up;
  }

  /** Takes the broker down (everybody loses it) or brings it up again. */
  set up(up: boolean) {
    if (up === this.#up) return;
    this.#up = up;
    for (const client of this.#clients.keys()) client.connected(up);
  }

  /** Connects a client of the node of that name. */
  connect(node: string, client: MemoryBrokerClient): void {
    this.#clients.set(client, node);
    if (this.#up) client.connected(true);
  }

  disconnect(client: MemoryBrokerClient): void {
    this.#clients.delete(client);
  }

  /** Receives every batch of events. Returns what ends it. */
  onEvents(listener: (events: PublishedEvents) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  /** Receives every node's presence, the retained ones first. */
  onPresence(listener: (published: PublishedPresence) => void): void {
    this.#presenceListeners.add(listener);
    for (const published of this.#retained.values()) listener(published);
  }

  /** Delivers events and calls back when all have them. */
  events(events: PublishedEvents, done: () => void): void {
    queueMicrotask(() => {
      if (!this.#up) return;
      for (const listener of this.#eventListeners) listener(events);
      done();
    });
  }

  /** A command batch to one node, or to all (`node` undefined). */
  command(app: string, sender: string, node: string | undefined, payload: Uint8Array): void {
    const scope = node === undefined ? "all" : "node";
    this.#deliver((client, name) => {
      if (node === undefined || name === node) client.command?.(app, sender, scope, payload);
    });
  }

  /** A command batch to every node that joined the group. */
  groupCommand(app: string, sender: string, group: string, payload: Uint8Array): void {
    this.#deliver((client) => client.groupCommand?.(app, sender, group, payload));
  }

  /** A raw message for the members of a group, on every node. */
  groupMessage(message: GroupMessage): void {
    this.#deliver((client) => client.groupMessage?.(message));
  }

  /** Sets a node's retained presence, or clears it. */
  presence(app: string, node: string, presence: NodePresence | undefined): void {
    const published = { app, node, presence };
    if (!this.#up) return;
    if (presence === undefined) this.#retained.delete(`${app}/${node}`);
    else this.#retained.set(`${app}/${node}`, published);
    this.#deliver((client, name) => {
      if (name === node) client.presence?.(published);
    });
    queueMicrotask(() => {
      for (const listener of this.#presenceListeners) listener(published);
    });
  }

  #deliver(tell: (client: MemoryBrokerClient, node: string) => void): void {
    if (!this.#up) return;
    queueMicrotask(() => {
      for (const [client, node] of this.#clients) tell(client, node);
    });
  }
}
