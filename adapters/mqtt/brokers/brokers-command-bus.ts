import type { ServiceError } from "../../../core/base/mod.ts";
import type {
  Clock,
  CommandBus,
  CommandBusListener,
  Metrics,
  NodePresence,
} from "../../../core/ports/mod.ts";
import { startSome } from "../../topics/mod.ts";
import type { LinkedBrokers } from "./brokers-link.ts";
import { SubscribeAll } from "./subscribe-all.ts";

export interface BrokersBusOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** A broker refuses this node for good, after `start` has resolved. */
  readonly refused: (broker: string, error: Error) => void;
}

interface JoinedGroup {
  readonly app: string;
  readonly group: string;
  readonly topic: string;
}

/** What `wss_broker_up` says of a broker. */
export const brokerUpHelp: string =
  "Whether the node has its connections for commands and presence to this broker";

/**
 * Commands over several brokers, each with a command bus of its own: the node receives over all of
 * them, and announces itself at each. It is connected while one of them is.
 */
export class BrokersCommandBus implements CommandBus {
  readonly #brokers: LinkedBrokers;
  readonly #buses: readonly CommandBus[];
  readonly #options: BrokersBusOptions;
  readonly #joins: SubscribeAll;
  readonly #up: boolean[];
  readonly #isUp: (broker: number) => boolean;
  /** For each broker, the access rules that the node misses there. */
  readonly #missing: (readonly string[])[];
  /** Topics of the groups with members here. */
  readonly #joined: Set<string> = new Set();
  /** For each broker, the groups of these whose subscription it refused when it came back. */
  readonly #refused: readonly Map<string, JoinedGroup>[];
  #listener: CommandBusListener | undefined;

  constructor(brokers: LinkedBrokers, buses: readonly CommandBus[], options: BrokersBusOptions) {
    this.#brokers = brokers;
    this.#buses = buses;
    this.#options = options;
    this.#up = buses.map(() => false);
    this.#missing = buses.map(() => []);
    this.#refused = buses.map(() => new Map());
    this.#isUp = (broker) => this.#up[broker] === true;
    this.#joins = new SubscribeAll(buses.length, this.#isUp);
    this.#registerMetrics();
  }

  start(listener: CommandBusListener): Promise<void> {
    this.#listener = listener;
    const starts = this.#buses.map((bus, broker) =>
      bus.start({
        commands: (source, payload) => listener.commands(source, payload),
        message: (message) => listener.message(message),
        refused: (code, topic) => listener.refused(code, topic),
        lost: () => listener.lost(),
        connected: (connected) => this.#connected(broker, connected),
        missingRights: (reasons) => this.#missingRights(broker, reasons),
      }),
    );
    const { clock, refused } = this.#options;
    return startSome(starts, clock, (error, broker) => refused(this.#nameOf(broker), error));
  }

  forward(app: string, node: string, batch: Uint8Array): void {
    const { topics } = this.#brokers;
    this.#busOf(topics.nodeCommands(app, node, this.#options.node)).forward(app, node, batch);
  }

  forwardToGroup(app: string, group: string, batch: Uint8Array): void {
    const topic = this.#brokers.topics.groupCommands(app, group, this.#options.node);
    this.#busOf(topic).forwardToGroup(app, group, batch);
  }

  joinGroup(app: string, group: string, done: (error?: ServiceError) => void): void {
    const topic = this.#brokers.topics.groupFilter(app, group);
    const joined = (error?: ServiceError): void => {
      // A group is joined at all brokers or at none: what one refuses must not come by another.
      if (error === undefined) this.#joined.add(topic);
      else this.leaveGroup(app, group);
      done(error);
    };
    const refusedLate = (broker: number): void => this.#refusedLate(broker, { app, group, topic });
    this.#joins.ask({ done: joined, refusedLate }, (broker, answered) =>
      this.#buses[broker]!.joinGroup(app, group, answered),
    );
  }

  leaveGroup(app: string, group: string): void {
    const topic = this.#brokers.topics.groupFilter(app, group);
    this.#joined.delete(topic);
    for (const refused of this.#refused) refused.delete(topic);
    for (const bus of this.#buses) bus.leaveGroup(app, group);
  }

  announce(app: string, presence: NodePresence): void {
    for (const bus of this.#buses) bus.announce(app, presence);
  }

  async stop(): Promise<void> {
    this.#joined.clear();
    await Promise.all(this.#buses.map((bus) => bus.stop()));
  }

  /** Nobody repeats what a node forwards. So if its broker is away, another one carries it. */
  #busOf(topic: string): CommandBus {
    return this.#buses[this.#brokers.ownerOf(topic, this.#isUp)]!;
  }

  #nameOf(broker: number): string {
    return this.#brokers.names[broker] ?? "";
  }

  #connected(broker: number, connected: boolean): void {
    const before = this.#up.includes(true);
    this.#up[broker] = connected;
    this.#joins.changed();
    if (!connected) this.#askAgain(broker);
    const now = this.#up.includes(true);
    if (now !== before) this.#listener?.connected(now);
  }

  /** The group has members here already: they get only what comes by the other brokers. */
  #refusedLate(broker: number, group: JoinedGroup): void {
    if (!this.#joined.has(group.topic)) return;
    this.#refused[broker]!.set(group.topic, group);
    this.#listener?.refused("group-refused", `${group.topic} at ${this.#nameOf(broker)}`);
  }

  /** A broker is away. When it comes back its rules may have changed. */
  #askAgain(broker: number): void {
    const groups = [...this.#refused[broker]!.values()];
    this.#refused[broker]!.clear();
    for (const group of groups) {
      this.#buses[broker]!.joinGroup(group.app, group.group, (error) => {
        if (error !== undefined) this.#refusedLate(broker, group);
      });
    }
  }

  #missingRights(broker: number, reasons: readonly string[]): void {
    this.#missing[broker] = reasons.map((reason) => `${this.#nameOf(broker)}: ${reason}`);
    this.#listener?.missingRights?.(this.#missing.flat());
  }

  #registerMetrics(): void {
    for (const [index, broker] of this.#brokers.names.entries()) {
      const read = (): number => (this.#isUp(index) ? 1 : 0);
      this.#options.metrics.gauge("wss_broker_up", brokerUpHelp, read, { broker });
    }
  }
}
