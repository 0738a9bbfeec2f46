import type { ServiceError } from "../base/mod.ts";
import type { CommandReceiver } from "./command-source.ts";

/** Where a batch of events goes: everyone who listens to a partition (open mode). */
export interface EventDestination {
  readonly app: string;
  readonly partition: number;
}

/** Where a batch of events goes: one origin alone (assigned mode). */
export interface OriginDestination {
  readonly app: string;
  readonly origin: string;
}

/** What an origin says of itself, retained. */
export interface OriginPresence {
  readonly v: 1;
  readonly incarnation: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Milliseconds between heartbeats; gone after three are missed. */
  readonly every: number;
  /** How it wants its events; MessagePack where absent. */
  readonly format?: "msgpack" | "json";
  /** Items it accepts unconfirmed. */
  readonly window?: number;
  /** Its share of the connections; 1 where absent. */
  readonly weight?: number;
  /** It finishes what it was given and takes nothing new. */
  readonly leaving?: boolean;
}

export interface EventChannelListener {
  commands: CommandReceiver;
  /** An origin announced itself, or (undefined) left or died. */
  origin(app: string, name: string, presence: OriginPresence | undefined): void;
  /** Whether publishing works now. While it does not, `publish` must not be called. */
  connected(connected: boolean): void;
}

/** Node to origin: batches of events. Commands may come back through it too (local origins). */
export interface EventChannel {
  /** The largest batch that can be published, in bytes; known after `start`. */
  readonly batchBytesMax: number;
  /**
   * Its answers tell where nobody subscribes (`no-subscriber`); known while connected. Where they
   * do not, open mode publishes a moment later after a reconnect.
   */
  readonly knowsSubscribers: boolean;
  /** Resolves when connected. Rejects with a `ServiceError` where it never will be. */
  start(listener: EventChannelListener): Promise<void>;
  /**
   * Publishes one batch. `confirmed` is called once: without an error when the transport has it
   * (MQTT: PUBACK). The channel repeats nothing: where the connection ends before, it answers
   * `broker-lost`, and the stream repeats the batch when it is connected again.
   */
  publish(
    destination: EventDestination | OriginDestination,
    batch: Uint8Array<ArrayBuffer>,
    confirmed: (error?: ServiceError) => void,
  ): void;
  /** Waits for what is on its way (bounded by `limits.shutdownFlushMs`), then leaves. */
  stop(): Promise<void>;
}
