import type { ServiceError } from "../../core/base/mod.ts";
import type { CommandBus, CommandBusListener, NodePresence } from "../../core/ports/mod.ts";
import type { HubMember, MemoryBroker } from "./command-bus-hub.ts";
import { JoinedGroups } from "./joined-groups.ts";

/** A cluster bus between nodes of one process. */
export class MemoryCommandBus implements CommandBus {
  readonly #broker: MemoryBroker;
  readonly #apps: readonly string[];
  readonly #node: string;
  readonly #last: Map<string, NodePresence> = new Map();
  readonly #groups: JoinedGroups;
  #member: HubMember | undefined;
  #lost: () => void = () => {};

  constructor(broker: MemoryBroker, options: { apps: readonly string[]; node: string }) {
    this.#broker = broker;
    this.#apps = options.apps;
    this.#node = options.node;
    this.#groups = new JoinedGroups(broker);
  }

  start(listener: CommandBusListener): Promise<void> {
    this.#lost = () => listener.lost();
    return new Promise((resolve) => {
      this.#member = {
        connected: (connected) => {
          if (connected) this.#announceAgain();
          if (connected) this.#groups.resume();
          listener.connected(connected);
          if (connected) resolve();
        },
        command: (app, sender, reach, payload) => {
          if (!this.#apps.includes(app)) return;
          const place = reach === "node" ? `${app}/nodes/${this.#node}` : app;
          listener.commands({ app, sender, reach, place }, payload);
        },
        groupCommand: (app, sender, group, payload) => {
          // Its own batch, sent on to the others: it was carried out here already.
          if (sender === this.#node || !this.#hears(app, group)) return;
          const place = `${app}/groups/${group}`;
          listener.commands({ app, sender, reach: "group", group, place }, payload);
        },
        groupMessage: (message) => {
          if (this.#hears(message.app, message.group)) listener.message(message);
        },
        presence: (app, node, presence) => this.#presence(listener, app, node, presence),
      };
      this.#broker.join(this.#node, this.#member);
    });
  }

  forward(app: string, node: string, batch: Uint8Array): void {
    if (this.#broker.up) this.#broker.command(app, this.#node, node, batch);
    else this.#lost();
  }

  forwardToGroup(app: string, group: string, batch: Uint8Array): void {
    if (this.#broker.up) this.#broker.groupCommand(app, this.#node, group, batch);
    else this.#lost();
  }

  joinGroup(app: string, group: string, done: (error?: ServiceError) => void): void {
    this.#groups.join(app, group, done);
  }

  leaveGroup(app: string, group: string): void {
    this.#groups.leave(app, group);
  }

  announce(app: string, presence: NodePresence): void {
    this.#last.set(app, presence);
    this.#broker.presence(app, this.#node, presence);
  }

  stop(): Promise<void> {
    this.#groups.stop();
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

  #hears(app: string, group: string): boolean {
    return this.#apps.includes(app) && this.#groups.has(app, group);
  }

  #announceAgain(): void {
    for (const [app, presence] of this.#last) {
      this.#broker.presence(app, this.#node, presence);
    }
  }

  #presence(
    listener: CommandBusListener,
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
