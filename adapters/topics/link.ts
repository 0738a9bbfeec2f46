import type { ServiceError } from "../../core/base/mod.ts";
import type { Clock, Logger, LogLevel, Metrics, Random } from "../../core/ports/mod.ts";

/**
 * Called once for each publish, without an error when the bus has it. `hasSubscriber` is false
 * if the bus says that nobody subscribes (MQTT 5, 3.4.2.1: 0x10).
 */
export type PublishDone = (error?: ServiceError, hasSubscriber?: boolean) => void;

/** Called once: when the subscription is granted for the first time, or with an error. */
export type SubscribeDone = (error?: ServiceError) => void;

export interface LinkOptions {
  /** The link's name at the bus begins with it. */
  readonly name: string;
  /** What the link is for, as logs show it. */
  readonly role: string;
  /** The bus clears this retained topic when the connection dies. */
  readonly willTopic?: string | undefined;
  /** Topic filters that are subscribed at QoS 1 before the link counts as connected. */
  readonly filters?: readonly string[] | undefined;
  /** False if the caller bounds the publishes that the bus has not confirmed. */
  readonly bounded?: boolean | undefined;
  /** Longest wait in milliseconds before connecting again; the bus has a default. */
  readonly reconnectMsMax?: number | undefined;
  /** Log level of a lost or unreachable bus. Of the links of one node only one warns. */
  readonly downLevel?: LogLevel | undefined;
  /** Log level if the bus was never reached before; `downLevel` by default. */
  readonly unreachableLevel?: LogLevel | undefined;
  /**
   * Of several brokers: if the one of a topic is away, its publishes go by another. For callers
   * that repeat nothing, and would lose them.
   */
  readonly diverts?: boolean | undefined;
}

/** What a link reports. The methods must not throw. */
export interface LinkListener {
  /** Connected and subscribed, or not any more. */
  connected(connected: boolean): void;
  /** `payload` is only valid during the call. */
  message(topic: string, payload: Uint8Array, retained: boolean): void;
  /**
   * One of several brokers came (true) or went, or publishes go by others: `Link.reaches` has
   * other answers.
   */
  reachChanged?(came: boolean): void;
}

/**
 * One connection to a bus of topics with the semantics of MQTT: QoS 1, retained messages, the
 * wildcards `+` and `#`. The bus is a broker (`adapters/mqtt`), or is inside this process
 * (`adapters/in-process`).
 */
export interface Link {
  /** Connected and subscribed. */
  readonly up: boolean;
  /** The bus's limit of a packet in bytes, if it named one. */
  readonly packetBytesMax: number | undefined;
  /** Whether `done` of a publish says that it has no subscriber, and why it was refused. */
  readonly reportsReasons: boolean;
  /** Whether a publish waits until the one before it is answered. */
  oneAtATime: boolean;
  /** QoS of what its receiver acknowledges and asks for again. A bus without QoS has 1. */
  readonly streamQos: 0 | 1;
  /**
   * Connects and keeps connected. Resolves when subscribed for the first time, however long that
   * takes; rejects with `broker-refused` if trying again cannot help.
   */
  start(listener: LinkListener): Promise<void>;
  /**
   * Publishes at QoS 1. The caller must not change `payload` afterwards. `done` is called once,
   * with `broker-lost` (not connected, or the connection ended), `window-full`, `batch-too-big`
   * (above `packetBytesMax`), `publish-refused` or `publish-failed`.
   */
  publish(topic: string, payload: Uint8Array, done: PublishDone, retain?: boolean): void;
  /**
   * Publishes at QoS 0: the bus may lose it. The caller must not change `payload` afterwards.
   * `done` is called once, maybe within the call: when few bytes wait in this process for the bus,
   * or with an error as of `publish`. The `room` bytes before the payload in its buffer may be
   * overwritten, so that a header can stand there.
   */
  publishAtMostOnce(topic: string, payload: Uint8Array, done: PublishDone, room?: number): void;
  /** Subscribes at QoS 1, now and after every reconnect, before `connected` is told. */
  subscribe(filter: string, done: SubscribeDone): void;
  unsubscribe(filter: string): void;
  /** Waits for the answers that are missing, for a limited time, then disconnects. */
  stop(): Promise<void>;
  /** Of several brokers: whether the one that carries this topic is there. */
  reaches?(topic: string): boolean;
  /** Of several brokers: the one that has sent the message which the listener gets just now. */
  readonly arrivedFrom?: number;
  /** Of several brokers: whether the link is up at this one. */
  upAt?(broker: number): boolean;
  /**
   * Of several brokers: from now on, what belongs to one that is away goes by another. For the end
   * of the process, which cannot wait for it.
   */
  divert?(): void;
}

/** Makes a link to the bus that was chosen; nothing is connected before `start`. */
export type OpenLink = (options: LinkOptions) => Link;

/** What links and those who use them need of the process. */
export interface LinkPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where the links are measured, if anywhere. */
  readonly metrics?: Metrics | undefined;
}

/** Several independent brokers, and which of them carries what. */
export interface Brokers {
  /** The number of brokers. */
  readonly size: number;
  /** Opens a link to this one alone. */
  open(broker: number, options: LinkOptions): Link;
  /** The broker that carries publishes to this topic; if `isUp` is given, of those alone. */
  ownerOf(topic: string, isUp?: (broker: number) => boolean): number;
}

/** The same, and what opens links to the bus. */
export interface BusPorts extends LinkPorts {
  readonly openLink: OpenLink;
  /** If the bus is several brokers; `openLink` opens a link to them all. */
  readonly brokers?: Brokers | undefined;
}

/** Bytes of a packet besides topic and payload: header, lengths, packet id, properties. */
export const packetOverheadBytes = 16;
