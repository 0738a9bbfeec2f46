import type { Socket } from "node:net";
import { type IClientOptions, MqttClient, type PacketCallback, Store } from "mqtt";
import { ServiceError } from "../../../core/base/mod.ts";
import type { PublishDone } from "../../topics/mod.ts";
import { DataLane } from "../lane/mod.ts";
import type { BrokerAddress } from "./broker-url.ts";
import { mqttLimits } from "./mqtt-limits.ts";
import { openStream } from "./mqtt-stream.ts";
import type { MqttTls } from "./mqtt-tls.ts";
import type { Publish } from "./publish-window.ts";
import type { SubscriptionBroker } from "./subscriptions.ts";

export interface MqttSessionOptions {
  readonly address: BrokerAddress;
  readonly tls: MqttTls | undefined;
  readonly clientId: string;
  readonly version: 4 | 5;
  readonly willTopic: string | undefined;
  /** Whether PUBLISH packets at QoS 0 pass MQTT.js by. */
  readonly dataLane: boolean;
}

/** Limits from the broker's CONNACK (MQTT 5, 3.2.2.3). */
export interface MqttSessionLimits {
  readonly receiveMax: number | undefined;
  readonly packetBytesMax: number | undefined;
}

export interface MqttSessionEnd {
  readonly error: Error | undefined;
  /** The return code or reason code, if the broker gave one. */
  readonly code: number | undefined;
  /** The link must not connect again. */
  readonly final: boolean;
  /** The TCP or TLS connection was established. */
  readonly reached: boolean;
}

export interface MqttSessionListener {
  /** The CONNACK has come; nothing is subscribed yet. */
  established(limits: MqttSessionLimits): void;
  message(topic: string, payload: Uint8Array, retained: boolean): void;
  /** The stream to the broker takes more, after `send` has returned false. */
  drained(): void;
  /** The connection has ended. Called once, and last. */
  closed(end: MqttSessionEnd): void;
}

/** MQTT 5, 3.4.2.1: the broker has the message, and nobody subscribes to its topic. */
const noSubscribers = 0x10;

/** MQTT 5, 3.4.2.1: not authorised, and invalid topic name. A repetition would be refused too. */
const refusedForGood: ReadonlySet<number> = new Set([0x87, 0x90]);

/** MQTT 5, 3.14.2.1: another client connected with this client id. */
const takenOver = 0x8e;

/** A store that keeps nothing, so that MQTT.js replays nothing. Each PUBACK counts as known. */
class EmptyStore extends Store {
  override put(_packet: unknown, cb: () => void): this {
    cb();
    return this;
  }

  override del(packet: Parameters<Store["del"]>[0], cb: PacketCallback): this {
    cb(undefined, packet as Parameters<PacketCallback>[1]);
    return this;
  }
}

function codeOf(error: Error | undefined | null): number | undefined {
  const code = (error as { code?: unknown } | undefined | null)?.code;
  return typeof code === "number" ? code : undefined;
}

function refusal(topic: string, error: Error): ServiceError {
  const forGood = refusedForGood.has(codeOf(error) ?? 0);
  const what = forGood ? "the broker does not let this user write there" : "the broker failed";
  const kind = forGood ? "publish-refused" : "publish-failed";
  return new ServiceError(kind, `${topic}: ${what} (${error.message})`, { cause: error });
}

/** A Buffer over exactly these bytes: MQTT.js clones the whole buffer behind another view. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function clientOptions(options: MqttSessionOptions): IClientOptions {
  const { address, clientId, version, willTopic } = options;
  return {
    clientId,
    protocolVersion: version,
    // MQTT 5, 3.1.2.11.4. MQTT 3.1.1 has no such limit: a packet may have 256 MB.
    ...(version === 5 ? { properties: { maximumPacketSize: mqttLimits.packetBytesMax } } : {}),
    clean: true,
    keepalive: mqttLimits.keepAliveSeconds,
    connectTimeout: mqttLimits.connectMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    outgoingStore: new EmptyStore(),
    // By default MQTT.js starts a Worker for timers if it takes the runtime for a browser.
    timerVariant: "native",
    // By default MQTT.js makes a buffer for each number of 16 bits before it sends anything: 5 MB.
    writeCache: false,
    // By default MQTT.js formats every packet for a log that nobody reads.
    log: () => {},
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(willTopic === undefined
      ? {}
      : { will: { topic: willTopic, payload: Buffer.alloc(0), qos: 1, retain: true } }),
  };
}

/** One MQTT connection from CONNECT to its end. Only this file imports MQTT.js. */
export class MqttSession implements SubscriptionBroker {
  readonly #client: MqttClient;
  #socket: Socket | undefined;
  #lane: DataLane | undefined;
  readonly #drained: () => void;
  /** `send` has returned false, and the listener's `drained` was not called since. */
  #full = false;
  #error: Error | undefined;
  #final = false;
  #reached = false;
  #closed = false;
  /** Message ids whose PUBACK says that nobody subscribes, until the publish is answered. */
  readonly #noSubscribers: Set<number> = new Set();

  constructor(options: MqttSessionOptions, listener: MqttSessionListener) {
    const message = (topic: string, payload: Uint8Array, retained: boolean): void => {
      if (!this.#closed) listener.message(topic, payload, retained);
    };
    const client = new MqttClient(() => {
      const socket = openStream(options.address, options.tls);
      this.#socket = socket;
      socket.once(options.address.tls ? "secureConnect" : "connect", () => {
        this.#reached = true;
      });
      if (!options.dataLane) return socket;
      const { version } = options;
      const { joinBytesMax, packetBytesMax } = mqttLimits;
      this.#lane = new DataLane(socket, {
        version,
        joinBytesMax,
        packetBytesMax,
        message: (topic, payload) => message(topic, payload, false),
      });
      return this.#lane;
    }, clientOptions(options));
    this.#client = client;
    this.#drained = () => {
      this.#full = false;
      if (!this.#closed) listener.drained();
    };
    client.on("error", (error) => {
      this.#error ??= error;
    });
    client.on("disconnect", ({ reasonCode }) => {
      if (reasonCode !== takenOver) return;
      // Connecting again would end the other client's connection, and so on for ever.
      this.#final = true;
      const message = "another client uses the same client id";
      this.#error ??= new ServiceError("broker-refused", message);
    });
    client.on("connect", ({ properties }) => {
      listener.established({
        receiveMax: properties?.receiveMaximum,
        packetBytesMax: properties?.maximumPacketSize,
      });
    });
    client.on("message", (topic, payload, packet) => message(topic, payload, packet.retain));
    client.on("packetreceive", (packet) => {
      this.#lane?.handled();
      // MQTT.js does not pass this reason code to the caller of a publish.
      if (packet.cmd !== "puback" || packet.reasonCode !== noSubscribers) return;
      if (packet.messageId !== undefined) this.#noSubscribers.add(packet.messageId);
    });
    client.once("close", () => {
      if (this.#closed) return;
      this.#closed = true;
      const error = this.#error;
      listener.closed({
        error,
        code: codeOf(error),
        final: this.#final,
        reached: this.#reached,
      });
    });
  }

  publish({ topic, payload, retain }: Publish, acked: PublishDone): void {
    this.#client.publish(topic, bufferOf(payload), { qos: 1, retain }, (error, packet) => {
      const code = codeOf(error);
      // Only the broker's own answers count here: `closed` reports the end of the connection.
      if (error && code === undefined) return;
      const subscribers = !this.#noSubscribers.delete(packet?.messageId ?? 0);
      acked(error ? refusal(topic, error) : undefined, subscribers);
    });
  }

  /**
   * Publishes at QoS 0. Returns false if many bytes wait in this process. `drained` then tells
   * when they are gone. The `room` bytes before the payload may be overwritten.
   */
  send(topic: string, payload: Uint8Array, room?: number): boolean {
    if (this.#lane === undefined) this.#client.publish(topic, bufferOf(payload), { qos: 0 });
    else this.#lane.publish(topic, payload, room);
    const socket = this.#socket!;
    if (socket.writableLength <= mqttLimits.unsentBytesMax) return true;
    if (!this.#full) socket.once("drain", this.#drained);
    this.#full = true;
    return false;
  }

  /** Subscribes at QoS 1. */
  subscribe(filters: readonly string[], answered: (codes: readonly number[]) => void): void {
    this.#client.subscribe([...filters], { qos: 1 }, (error, _granted, packet) => {
      // `closed` reports the end of the connection.
      if (this.#closed || this.#client.stream.destroyed) return;
      const codes = packet?.granted;
      if (codes?.length === filters.length) answered(codes.map(Number));
      else this.fail(error ?? new Error("the broker's SUBACK does not answer the SUBSCRIBE"));
    });
  }

  unsubscribe(filters: readonly string[], answered: () => void): void {
    this.#client.unsubscribe([...filters], (error) => {
      if (this.#closed || this.#client.stream.destroyed) return;
      if (error) this.fail(error);
      else answered();
    });
  }

  /** Ends the connection without DISCONNECT, with this error as the reason. */
  fail(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }

  /** Sends DISCONNECT and closes, so that the broker does not publish the Will. */
  end(done: () => void): void {
    this.#client.outgoing = {};
    this.#client.end(false, {}, () => done());
  }

  /** Ends the connection without DISCONNECT. */
  destroy(): void {
    this.#client.stream.destroy();
  }
}
