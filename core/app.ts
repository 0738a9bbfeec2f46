import type { CloseCause } from "./base/mod.ts";
import { CommandAcks, type CommandApp, CommandStreams } from "./commands/mod.ts";
import type { Connection, ConnectionApp, Registry } from "./connection/mod.ts";
import type { EventStream, ItemRange } from "./events/mod.ts";
import { Groups } from "./groups/mod.ts";
import type { Clock, Codec, CommandBus, EventChannel, Logger } from "./ports/mod.ts";
import { EventRouter, type EventRouterOptions } from "./routing/mod.ts";
import type { GatewayMetrics } from "./telemetry/mod.ts";

/** What all apps of a node work with. */
export interface AppDependencies {
  readonly codec: Codec;
  readonly bus: CommandBus;
  readonly channel: EventChannel;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  /** Closes a connection whose events cannot be held any longer. */
  readonly close: (connection: Connection, cause: CloseCause) => void;
  /** In open mode: the broker had nobody to give these items to. */
  readonly unheard: (stream: EventStream, items: ItemRange) => void;
}

/** What a node has of each app: nothing of it is shared with another app. */
export class App implements ConnectionApp, CommandApp {
  readonly name: string;
  readonly router: EventRouter;
  readonly groups: Groups;
  readonly commandStreams: CommandStreams;
  readonly acks: CommandAcks;

  constructor(
    dependencies: AppDependencies,
    options: EventRouterOptions & { readonly groupsPerConnectionMax: number },
  ) {
    const { bus, clock } = dependencies;
    this.name = options.app;
    const registry = dependencies.registry.of(this.name);
    this.router = new EventRouter({ ...dependencies, registry }, options);
    this.groups = new Groups(bus, registry, options);
    this.commandStreams = new CommandStreams(clock);
    this.acks = new CommandAcks(clock, (sender, acks, json) =>
      this.router.answers.confirm(sender, acks, json),
    );
  }
}
