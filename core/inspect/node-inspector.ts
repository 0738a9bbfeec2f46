import type {
  Connection,
  ConnectionGuard,
  ConnectionStream,
  Registry,
} from "../connection/mod.ts";
import type { Cancel, Clock, CommandReceiver, ValueCodec } from "../ports/mod.ts";
import type { EventRouter } from "../routing/mod.ts";
import { ConnectionSearch, turn } from "./connection-search.ts";
import { detailsOfConnection, findConnection } from "./describe-connection.ts";
import { inspectLimits } from "./inspect-limits.ts";
import { OperatorCommands } from "./operator-commands.ts";
import type {
  AppView,
  DestinationView,
  NodeView,
  Question,
  TailFilter,
  TailReceiver,
} from "./questions.ts";
import type { TrafficMonitor } from "./traffic-monitor.ts";

/** An app, as far as operators ask about it. */
export interface InspectedApp {
  readonly name: string;
  readonly router: Pick<EventRouter, "destinations" | "isAssigned">;
  readonly groups: { readonly size: number };
}

/** What a node is asked about. */
export interface InspectorDependencies {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly values: ValueCodec;
  readonly guard: Pick<ConnectionGuard, "lastMessageAt">;
  readonly apps: ReadonlyMap<string, InspectedApp>;
  readonly readiness: () => { readonly ready: boolean; readonly reasons: readonly string[] };
  readonly handshakesWaiting: () => number;
  readonly execute: CommandReceiver;
}

export interface InspectorOptions {
  readonly node: string;
  readonly incarnation: string;
}

/** Answers an operator's questions about this node, and carries out an operator's commands. */
export class NodeInspector {
  readonly monitor: TrafficMonitor;
  readonly #dependencies: InspectorDependencies;
  readonly #options: InspectorOptions;
  readonly #search: ConnectionSearch;
  readonly #commands: OperatorCommands;

  constructor(
    dependencies: InspectorDependencies,
    options: InspectorOptions,
    monitor: TrafficMonitor,
  ) {
    this.#dependencies = dependencies;
    this.#options = options;
    this.#search = new ConnectionSearch(dependencies);
    this.#commands = new OperatorCommands(dependencies, options.node);
    this.monitor = monitor;
  }

  /** The answer has the form that belongs to the question. Rejects with `requests-full`. */
  async answer(question: Question): Promise<unknown> {
    switch (question.what) {
      case "node":
        return this.#node();
      case "connections": {
        const { filter, limit, after } = question;
        return this.#search.find(filter, Math.min(limit, inspectLimits.connectionsMax), after);
      }
      case "connection":
        return this.#connection(question.id);
      case "destinations":
        return this.#destinations();
      case "apps":
        return this.#apps();
      case "command":
        return this.#commands.run(question);
      default:
        return question satisfies never;
    }
  }

  tail(filter: TailFilter, receive: TailReceiver): Cancel {
    return this.monitor.open(filter, receive);
  }

  #node(): NodeView {
    const { apps, handshakesWaiting, readiness, registry } = this.#dependencies;
    const { ready, reasons } = readiness();
    return {
      node: this.#options.node,
      incarnation: this.#options.incarnation,
      ready,
      reasons,
      connections: registry.occupied,
      handshakesWaiting: handshakesWaiting(),
      apps: [...apps.keys()],
    };
  }

  #connection(id: string): unknown {
    const { guard, registry } = this.#dependencies;
    const connection = findConnection(registry, id);
    if (connection === undefined) return undefined;
    return detailsOfConnection(connection, guard, this.#options.node);
  }

  #apps(): AppView[] {
    const { apps, registry } = this.#dependencies;
    return Array.from(apps.values(), ({ name, router, groups }) => ({
      app: name,
      node: this.#options.node,
      mode: router.isAssigned ? "assigned" : "open",
      connections: registry.of(name).size,
      groups: groups.size,
      origins: [...router.destinations()].filter(({ kind }) => kind === "origin").length,
    }));
  }

  async #destinations(): Promise<DestinationView[]> {
    const connections = await this.#connectionsByStream();
    const views: DestinationView[] = [];
    for (const { name: app, router } of this.#dependencies.apps.values()) {
      for (const { kind, name, stream, leaving, presence } of router.destinations()) {
        const { bytes, bytesMax, items, itemsMax } = stream.fill;
        const isLimited = Number.isFinite(itemsMax);
        views.push({
          app,
          node: this.#options.node,
          kind,
          name,
          connections: connections.get(stream) ?? 0,
          window: { bytes, bytesMax, items, itemsMax: isLimited ? itemsMax : undefined },
          fill: Math.max(bytes / bytesMax, isLimited ? items / itemsMax : 0),
          lagMs: stream.lagMs,
          paused: stream.pausedConnections,
          leaving,
          weight: presence?.weight,
          format: presence?.format,
          incarnation: presence?.incarnation,
        });
      }
    }
    return views;
  }

  async #connectionsByStream(): Promise<ReadonlyMap<ConnectionStream, number>> {
    const { clock, registry } = this.#dependencies;
    const counts = new Map<ConnectionStream, number>();
    for (let slot = 0; slot < registry.slots; slot++) {
      if (slot > 0 && slot % inspectLimits.sliceSlots === 0) await turn(clock);
      const connection: Connection | undefined = registry.get(slot);
      if (connection === undefined) continue;
      counts.set(connection.stream, (counts.get(connection.stream) ?? 0) + 1);
    }
    return counts;
  }
}
