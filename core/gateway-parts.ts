import type { AdmissionOptions } from "./admission.ts";
import type { GuardOptions } from "./connection-guard.ts";
import type { EventRouterOptions } from "./event-router.ts";
import type {
  Clock,
  ClusterBus,
  Codec,
  Deflate,
  Logger,
  Metrics,
  OriginChannel,
  Random,
} from "./ports/mod.ts";

/** Everything the gateway works with. */
export interface GatewayParts {
  readonly codec: Codec;
  readonly bus: ClusterBus;
  readonly channel: OriginChannel;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Needed where `compression` is on. */
  readonly deflate?: Deflate | undefined;
}

export interface GatewayOptions extends AdmissionOptions, EventRouterOptions {
  readonly node: string;
  /** New at each start of the process. */
  readonly incarnation: string;
  readonly runtime: string;
  readonly version: string;
  readonly connectionsMax: number;
  readonly sendQueueBytesMax: number;
  readonly keepAliveIntervalMs: number;
  readonly presenceIntervalMs: number;
  /** What is left out is off. */
  readonly guard?: Partial<GuardOptions>;
}

/** Whether the service can be used now, and if not, why not. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}
