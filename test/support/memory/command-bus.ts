import { ServiceError } from "../../../core/base/mod.ts";
import type { CommandBus, CommandBusListener, NodePresence } from "../../../core/ports/mod.ts";
import type { MemoryBroker, MemoryBrokerClient } from "./broker.ts";

type JoinDone = (error?: ServiceError) => void;

/** A command bus between nodes of one process. */
export class MemoryCommandBus implements CommandBus {
  readonly #broker: MemoryBroker;
  readonly #apps: readonly string[];
  readonly #node: string;
  /** What was announced last, by app. */
  readonly #presence: Map<string, NodePresence> = new Map();
  /** As `APP/GROUP`. */
  readonly #joined: Set<string> = new Set();
  /** Callbacks that wait until a group is joined: it is granted later, and not in an outage. */
  readonly #joining: Map<string, JoinDone[]> = new Map();
  #client: MemoryBrokerClient | undefined;
  #listener: CommandBusListener | undefined;
  #stopped = false;

  constructor(broker: MemoryBroker, options: { apps: readonly string[]; node: string }) {
    this.#broker = broker;
    this.#apps = options.apps;
    this.#node = options.node;
  }

  start(listener: CommandBusListener): Promise<void> {
    this.#listener = listener;
    return new Promise((resolve) => {
      this.#client = {
        connected: (connected) => {
          if (connected) this.#resume();
          listener.connected(connected);
          if (connected) resolve();
        },
        command: (app, sender, scope, payload) => {
          if (!this.#apps.includes(app)) return;
          const topic = scope === "node" ? `${app}/nodes/${this.#node}` : app;
          listener.commands({ app, sender, scope, topic }, payload);
        },
        groupCommand: (app, sender, group, payload) => {
          // Its own batch, sent on to the others: it was carried out here already.
          if (sender === this.#node || !this.#subscribes(app, group)) return;
          const topic = `${app}/groups/${group}`;
          listener.commands({ app, sender, scope: "group", group, topic }, payload);
        },
        groupMessage: (message) => {
          if (this.#subscribes(message.app, message.group)) listener.message(message);
        },
        presence: ({ app, presence }) => {
          const own = this.#presence.get(app);
          if (presence === undefined && own !== undefined) this.announce(app, own);
        },
      };
      this.#broker.connect(this.#node, this.#client);
    });
  }

  /** A command batch from inside this process, carried out at once. */
  local(app: string, sender: string, payload: Uint8Array): void {
    this.#listener?.commands({ app, sender, scope: "local", topic: `${app}/local` }, payload);
  }

  forward(app: string, node: string, batch: Uint8Array): void {
    if (this.#broker.up) this.#broker.command(app, this.#node, node, batch);
    else this.#listener?.lost();
  }

  forwardToGroup(app: string, group: string, batch: Uint8Array): void {
    if (this.#broker.up) this.#broker.groupCommand(app, this.#node, group, batch);
    else this.#listener?.lost();
  }

  joinGroup(app: string, group: string, done: JoinDone): void {
    if (this.#stopped) {
      done(new ServiceError("broker-lost", "the command bus is stopped"));
      return;
    }
    const key = `${app}/${group}`;
    const waiting = this.#joining.get(key);
    if (waiting !== undefined) waiting.push(done);
    else this.#joining.set(key, [done]);
    queueMicrotask(() => this.#grant(key));
  }

  leaveGroup(app: string, group: string): void {
    const key = `${app}/${group}`;
    this.#joined.delete(key);
    this.#answerJoin(key, new ServiceError("group-refused", "left before it was joined"));
  }

  announce(app: string, presence: NodePresence): void {
    this.#presence.set(app, presence);
    this.#broker.presence(app, this.#node, presence);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#joined.clear();
    const error = new ServiceError("broker-lost", "the command bus is stopped");
    for (const key of [...this.#joining.keys()]) this.#answerJoin(key, error);
    this.die();
  }

  /** Leaves as a process does that dies: the broker clears the presence. */
  die(): void {
    if (this.#client !== undefined) this.#broker.disconnect(this.#client);
    for (const app of this.#presence.keys()) {
      this.#broker.presence(app, this.#node, undefined);
    }
    this.#presence.clear();
  }

  #subscribes(app: string, group: string): boolean {
    if (!this.#apps.includes(app)) return false;
    return group === "@all" || this.#joined.has(`${app}/${group}`);
  }

  /** The broker is there: announces this node, and grants what waited. */
  #resume(): void {
    for (const [app, presence] of this.#presence) this.announce(app, presence);
    for (const key of [...this.#joining.keys()]) this.#grant(key);
  }

  #grant(key: string): void {
    if (!this.#broker.up || !this.#joining.has(key)) return;
    if (this.#broker.refusedGroups.has(key)) {
      this.#answerJoin(key, new ServiceError("group-refused", `nobody may join ${key}`));
      return;
    }
    this.#joined.add(key);
    this.#answerJoin(key);
  }

  #answerJoin(key: string, error?: ServiceError): void {
    const waiting = this.#joining.get(key) ?? [];
    this.#joining.delete(key);
    for (const done of waiting) done(error);
  }
}
