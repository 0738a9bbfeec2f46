import { type CloseReason, limits } from "./base/mod.ts";
import type { CommandApp } from "./commands/mod.ts";
import type {
  Connection,
  ConnectionApp,
  ConnectionLog,
  Connections,
  Registry,
} from "./connection/mod.ts";
import { type EventStream, infoOf } from "./events/mod.ts";
import { Groups } from "./groups/mod.ts";
import type { Clock, Codec, CommandBus, EventChannel, Logger } from "./ports/mod.ts";
import { EventRouter, type EventRouterOptions } from "./routing/mod.ts";
import {
  Acknowledgements,
  type ItemRange,
  type ReliableReceiver,
  StreamMemory,
} from "./streams/mod.ts";
import type { AppCounters, GatewayMetrics, TrafficTap } from "./telemetry/mod.ts";

/** What all apps of a node work with, besides the codec. */
export interface AppDependencies extends Pick<Codec, "events" | "values"> {
  readonly bus: CommandBus;
  readonly channel: EventChannel;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly log: ConnectionLog;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  /** Open mode: these items were published, and the broker says that nobody subscribes. */
  readonly noSubscribers: (stream: EventStream, items: ItemRange) => void;
  readonly tap: TrafficTap;
}

export interface AppOptions extends EventRouterOptions {
  readonly label: string;
  readonly groupsPerConnectionMax: number;
}

/** What a node has of each app: nothing of it is shared with another app. */
export class App implements ConnectionApp, CommandApp {
  readonly name: string;
  readonly router: EventRouter;
  readonly groups: Groups;
  /** Its open connections. */
  readonly registry: Connections;
  readonly counters: AppCounters;
  /** Value of the label `app` of its series. */
  readonly label: string;
  readonly commandReceivers: StreamMemory<ReliableReceiver>;
  readonly acks: Acknowledgements;
  readonly #log: ConnectionLog;

  constructor(dependencies: AppDependencies, options: AppOptions) {
    const { bus, clock } = dependencies;
    this.#log = dependencies.log;
    this.name = options.app;
    const registry = dependencies.registry.of(this.name);
    this.registry = registry;
    this.label = options.label;
    this.counters = dependencies.metrics.ofApp(options.label);
    this.router = new EventRouter({ ...dependencies, registry }, options);
    this.groups = new Groups(bus, registry, options);
    this.commandReceivers = new StreamMemory(clock, {
      perSenderMax: limits.commandStreamsPerSenderMax,
      streamsMax: limits.commandStreamsMax,
      senderSilentMs: limits.commandSenderSilentMs,
    });
    this.acks = new Acknowledgements(clock, (sender, acks, json) =>
      this.router.replies.confirm(sender, acks, json),
    );
  }

  infoOf(connection: Connection): Readonly<Record<string, unknown>> {
    return infoOf(connection);
  }

  fannedOutBytes(connection: Connection): number {
    return this.groups.fannedOutBytes(connection);
  }

  closing(connection: Connection, { errorCode }: CloseReason): void {
    this.groups.forget(connection);
    if (errorCode !== undefined) this.#log.ended(connection, errorCode);
  }
}
