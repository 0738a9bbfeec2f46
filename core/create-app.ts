import type { App } from "./app.ts";
import { CommandAcks, CommandStreams } from "./commands/mod.ts";
import type { CloseCause, Connection, Registry } from "./connection/mod.ts";
import type { EventStream, ItemRange } from "./events/mod.ts";
import { Groups } from "./groups/mod.ts";
import type { Clock, Codec, CommandBus, EventChannel, Logger } from "./ports/mod.ts";
import { EventRouter, type EventRouterOptions } from "./routing/mod.ts";
import type { GatewayMetrics } from "./telemetry/mod.ts";

export interface CreateAppParts {
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
