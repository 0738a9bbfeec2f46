import type { ClusterBus, ClusterBusListener, NodePresence } from "../../core/ports/mod.ts";
import type { HubMember, MemoryBroker } from "./cluster-bus-hub.ts";

/** A cluster bus between nodes of one process. */
export class MemoryClusterBus implements ClusterBus {
  readonly #broker: MemoryBroker;
  readonly #apps: readonly string[];
  readonly #node: string;
  readonly #last: Map<string, NodePresence> = new Map();
  #member: HubMember | undefined;

  constructor(broker: MemoryBroker, options: { apps: readonly string[]; node: string }) {
    this.#broker = broker;
    this.#apps = options.apps;
    this.#node = options.node;
  }

  start(listener: ClusterBusListener): Promise<void> {
    return new Promise((resolve) => {
      this.#member = {
        connected: (connected) => {
          if (connected) this.#announceAgain();
          listener.connected(connected);
          if (connected) resolve();
        },
        command: (app, sender, reach, payload) => {
          if (!this.#apps.includes(app)) return;
          const place = reach === "node" ? `${app}/nodes/${this.#node}` : app;
          listener.commands({ app, sender, reach, place }, payload);
        },
        presence: (app, node, presence) => this.#presence(listener, app, node, presence),
      };
      this.#broker.join(this.#node, this.#member);
    });
  }

  forward(app: string, node: string, batch: Uint8Array): void {
    this.#broker.command(app, this.#node, node, batch);
  }

  announce(app: string, presence: NodePresence): void {
    this.#last.set(app, presence);
    this.#broker.presence(app, this.#node, presence);
  }

  stop(): Promise<void> {
    if (this.#member !== undefined) this.#broker.leave(this.#member);
    for (const app of this.#last.keys()) this.#broker.presence(app, this.#node, undefined);
    this.#last.clear();
    return Promise.resolve();
  }

  /** Dies as a process does: the broker clears the presence. */
  die(): void {
    const apps = [...this.#last.keys()];
    this.#last.clear();
    if (this.#member !== undefined) this.#broker.leave(this.#member);
    for (const app of apps) this.#broker.presence(app, this.#node, undefined);
  }

  #announceAgain(): void {
    for (const [app, presence] of this.#last) {
      this.#broker.presence(app, this.#node, presence);
    }
  }

  #presence(
    listener: ClusterBusListener,
    app: string,
    node: string,
    presence: NodePresence | undefined,
  ): void {
    if (!this.#apps.includes(app)) return;
    const own = node === this.#node ? this.#last.get(app) : undefined;
    if (own !== undefined && presence === undefined) this.announce(app, own);
    else listener.node(app, node, presence);
  }
}
