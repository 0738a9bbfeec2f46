import type { ServiceError } from "../base/mod.ts";

/** Open mode: everybody who subscribes to the events of a partition. */
export interface EventDestination {
  readonly app: string;
  readonly partition: number;
}

/** Assigned mode: one origin. */
export interface OriginDestination {
  readonly app: string;
  readonly origin: string;
}

/** An origin's presence, which is retained: JSON on `…/presence/origins/{origin}`. */
export interface OriginPresence {
  readonly v: 1;
  /** Random, of one start of the process. */
  readonly incarnation: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Milliseconds between heartbeats. An origin that misses three is gone. */
  readonly every: number;
  /** The format of its events; MessagePack if it is absent. */
  readonly format?: "msgpack" | "json";
  /** Items that it accepts before it acknowledges them. */
  readonly window?: number;
  /** Its share of the connections, relative to other origins; 1 if it is absent. */
  readonly weight?: number;
  /** It handles the events that it has, and takes no new ones. */
  readonly leaving?: boolean;
}

/** What an event channel tells. */
export interface EventChannelListener {
  /**
   * An origin announced itself, or (undefined) it left or died. `stored`: that was before this
   * node subscribed, and the transport had kept it.
   */
  origin(app: string, name: string, presence: OriginPresence | undefined, stored?: boolean): void;
  /**
   * The channel can publish now, or cannot. While it cannot, `publish` must not be called. Called
   * with true again whenever `reaches` has other answers than before.
   */
  connected(connected: boolean): void;
}

/** Events out: batches from this node to origins, and the presence of origins. */
export interface EventChannel {
  /** Bytes of the largest batch that can be published; known while connected. */
  readonly batchBytesMax: number;
  /**
   * Whether `confirmed` gets `no-subscriber` if nobody subscribes (MQTT 5, 3.4.2.1: 0x10);
   * known while connected. Without it, open mode waits a moment after a reconnect before it
   * publishes.
   */
  readonly knowsSubscribers: boolean;
  /** Resolves when it is connected; rejects with a `ServiceError` if it never can. */
  start(listener: EventChannelListener): Promise<void>;
  /**
   * Whether this destination can be published to while the channel is connected: one of several
   * transports may be away. Without it, every one can.
   */
  reaches?(destination: EventDestination | OriginDestination): boolean;
  /**
   * Publishes a batch. `confirmed` is called once: without an error when the transport has it
   * (MQTT: PUBACK), otherwise with the reason. The channel repeats nothing: if the connection
   * ends before, the error is `broker-lost`, and the stream repeats the batch.
   */
  publish(
    destination: EventDestination | OriginDestination,
    batch: Uint8Array<ArrayBuffer>,
    confirmed: (error?: ServiceError) => void,
  ): void;
  /**
   * Publishes a batch, or an acknowledgement, that its receiver asks for again if it is lost. So
   * the transport need not confirm it (MQTT: QoS 0). `sent` is called once, maybe within the call:
   * when the channel has room for more, or with an error as of `publish`. The `room` bytes before
   * the batch in its buffer may be overwritten, so that a header can stand there.
   */
  publishAtMostOnce(
    destination: OriginDestination,
    batch: Uint8Array<ArrayBuffer>,
    sent: (error?: ServiceError) => void,
    room?: number,
  ): void;
  /** Waits until all is confirmed, for `limits.shutdownFlushMs` at most, and disconnects. */
  stop(): Promise<void>;
}
