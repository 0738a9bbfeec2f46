import type { Route } from "./base/mod.ts";
import type { GuardOptions } from "./connection/mod.ts";
import type { HandshakeGateOptions } from "./handshake/mod.ts";
import type {
  Authorizer,
  Clock,
  Codec,
  CommandBus,
  Deflate,
  EventChannel,
  Logger,
  Metrics,
  Random,
} from "./ports/mod.ts";
import type { EventRouterOptions } from "./routing/mod.ts";
import type { Traces } from "./telemetry/mod.ts";

/** Everything the gateway works with. */
export interface GatewayPorts {
  readonly codec: Codec;
  readonly bus: CommandBus;
  readonly channel: EventChannel;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Needed if `compression` is on. */
  readonly deflate?: Deflate | undefined;
  /** Needed if `authorize` is `jwt`. */
  readonly authorizer?: Authorizer | undefined;
  /** Spans are recorded if there is one. */
  readonly traces?: Traces | undefined;
}

export interface GatewayOptions extends HandshakeGateOptions, EventRouterOptions {
  readonly node: string;
  /** Which path leads to which app; every path to `app` if there are none. */
  readonly routes: readonly Route[];
  /** How long a handshake waits for an origin's answer. */
  readonly authorizeTimeoutMs: number;
  /** New at each start of the process. */
  readonly incarnation: string;
  readonly runtime: string;
  readonly version: string;
  /** Of a message to clients. */
  readonly publishBytesMax: number;
  readonly sendQueueBytesMax: number;
  readonly keepAliveIntervalMs: number;
  readonly presenceIntervalMs: number;
  /** For this long the node stays ready without a broker; 0: it is not ready at once. */
  readonly unreadyAfterMs: number;
  /** Connections that open and close are logged at `info`, otherwise at `debug`. */
  readonly logConnections: boolean;
  readonly guard: GuardOptions;
}

/** What may change while a node runs. */
export interface ReloadableOptions
  extends Pick<
    GatewayOptions,
    | "connectionsMax"
    | "groupsPerConnectionMax"
    | "handshakesPerIpMax"
    | "handshakesPerIpPerSecondMax"
    | "publishBytesMax"
    | "sendQueueBytesMax"
    | "allowedOrigins"
    | "sameOrigin"
  > {
  /** Of these the rates and `connectionsPerIpMax` change. */
  readonly guard: GuardOptions;
}
