import type { App } from "./app.ts";
import type { ItemRange } from "./batch-window.ts";
import { CommandAcks } from "./command-acks.ts";
import { CommandStreams } from "./command-streams.ts";
import type { CloseCause, Connection } from "./connection.ts";
import { EventRouter, type EventRouterOptions } from "./event-router.ts";
import type { EventStream } from "./event-stream.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import { Groups } from "./groups.ts";
import type { Clock, ClusterBus, Codec, Logger, OriginChannel } from "./ports/mod.ts";
import type { Registry } from "./registry.ts";

export interface CreateAppParts {
  readonly codec: Codec;
  readonly bus: ClusterBus;
  readonly channel: OriginChannel;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  /** Closes a connection whose events cannot be held any longer. */
  readonly close: (connection: Connection, cause: CloseCause) => void;
  /** In open mode: the broker had nobody to give these items to. */
  readonly unheard: (stream: EventStream, items: ItemRange) => void;
}

export interface CreateAppOptions extends EventRouterOptions {
  readonly groupsPerConnectionMax: number;
}

/** An app of this node, with nothing in it yet. */
export function createApp(parts: CreateAppParts, options: CreateAppOptions): App {
  const { app: name, groupsPerConnectionMax } = options;
  const router = new EventRouter({ ...parts, registry: parts.registry.of(name) }, options);
  return {
    name,
    router,
    groups: new Groups(parts.bus, { app: name, groupsPerConnectionMax }),
    commandStreams: new CommandStreams(parts.clock),
    acks: new CommandAcks(parts.clock, (sender, acks, json) =>
      router.answers.confirm(sender, acks, json),
    ),
    connections: 0,
  };
}
