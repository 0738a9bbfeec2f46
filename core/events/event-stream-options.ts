import type { ErrorCode } from "../base/mod.ts";
import type { Connection } from "../connection/mod.ts";
import type { Clock, Codec, EventChannel } from "../ports/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";
import type { Destination } from "./batch-splitter.ts";
import type { ItemRange } from "./batch-window.ts";
import type { EventStream } from "./event-stream.ts";

export interface EventStreamOptions {
  /** Names the ordered flow: this publisher incarnation to this destination. */
  readonly stream: string;
  /** Undefined: a waiting room for events that no origin takes yet. */
  readonly destination: Destination | undefined;
  /** Bytes of batches that are not confirmed yet; past it sockets are not read. */
  readonly windowBytesMax: number;
  /** Items of these, likewise. */
  readonly windowItemsMax: number;
  /** What to do with a connection that cannot be paused and whose window is full. */
  readonly overload: (connection: Connection) => void;
  /** What to do when an item is larger than the broker's packets. */
  readonly unfit: (item: readonly unknown[]) => void;
  /** Batches are published as JSON in place of MessagePack. */
  readonly json: boolean;
  /** A publish failed, and nobody repeats what it held. */
  readonly lost: (code: ErrorCode) => void;
}

export interface EventStreamParts {
  readonly codec: Codec;
  readonly channel: EventChannel;
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
  /** In open mode: the broker had nobody to give these items to. */
  readonly unheard?: ((stream: EventStream, items: ItemRange) => void) | undefined;
}
