import { type IClientOptions, MqttClient, type PacketCallback, Store } from "mqtt";
import { ServiceError } from "../../../core/base/mod.ts";
import type { BrokerAddress } from "./broker-url.ts";
import { mqttLimits } from "./mqtt-limits.ts";
import { openStream } from "./mqtt-stream.ts";
import type { MqttTls } from "./mqtt-tls.ts";
import type { Publish, PublishDone } from "./publish-window.ts";
import type { SubscriptionBroker } from "./subscriptions.ts";

export interface MqttSessionOptions {
  readonly address: BrokerAddress;
  readonly tls: MqttTls | undefined;
  readonly clientId: string;
  readonly version: 4 | 5;
  readonly willTopic: string | undefined;
}

/** What the broker said in its CONNACK, as far as we keep to it. */
export interface MqttSessionLimits {
  readonly receiveMax: number | undefined;
  readonly packetBytesMax: number | undefined;
}

/** Why a session ended. */
export interface MqttSessionEnd {
  readonly error: Error | undefined;
  /** MQTT's own code where the broker gave one. */
  readonly code: number | undefined;
  /** Connecting again would do harm. */
  readonly final: boolean;
  /** The TCP or TLS connection had stood. */
  readonly reached: boolean;
}

export interface MqttSessionListener {
  /** Connected; nothing is subscribed yet. */
  established(limits: MqttSessionLimits): void;
  message(topic: string, payload: Uint8Array, retained: boolean): void;
  /** The connection is gone. Called once, and nothing after it. */
  closed(end: MqttSessionEnd): void;
}

/** MQTT 5, 3.4.2.1: the broker has the message, and nobody to give it to. */
const noSubscribers = 0x10;

/** MQTT 5, 3.4.2.1: not authorised, and no valid topic name. Trying again would not help. */
const refusedForGood: ReadonlySet<number> = new Set([0x87, 0x90]);

/** MQTT 5, 3.14.2.1: another client connected with this client id. */
const takenOver = 0x8e;

/** Stays empty: nothing is ever replayed. Whatever the broker confirms counts as found. */
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

function clientOptions(options: MqttSessionOptions): IClientOptions {
  const { address, clientId, version, willTopic } = options;
  return {
    clientId,
    protocolVersion: version,
    // MQTT 5, 3.1.2.11.4. MQTT 3.1.1 cannot ask for it: 256 MB may come then.
    ...(version === 5 ? { properties: { maximumPacketSize: mqttLimits.packetBytesMax } } : {}),
    clean: true,
    keepalive: mqttLimits.keepAliveSeconds,
    connectTimeout: mqttLimits.connectMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    outgoingStore: new EmptyStore(),
    // Its default would start a Worker for timers where it takes the runtime for a browser.
    timerVariant: "native",
    // Its default log formats every packet for nothing.
    log: () => {},
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(willTopic === undefined
      ? {}
      : { will: { topic: willTopic, payload: Buffer.alloc(0), qos: 1, retain: true } }),
  };
}

/** The life of one MQTT connection, from CONNECT to its end. The only file that knows MQTT.js. */
export class MqttSession implements SubscriptionBroker {
  readonly #client: MqttClient;
  #error: Error | undefined;
  #final = false;
  #reached = false;
  #closed = false;
  /** Publishes that nobody subscribes to; each stays here until it is answered, at once. */
  readonly #unheard: Set<number> = new Set();

  constructor(options: MqttSessionOptions, listener: MqttSessionListener) {
    const client = new MqttClient(() => {
      const stream = openStream(options.address, options.tls);
      stream.once(options.address.tls ? "secureConnect" : "connect", () => {
        this.#reached = true;
      });
      return stream;
    }, clientOptions(options));
    this.#client = client;
    client.on("error", (error) => {
      this.#error ??= error;
    });
    client.on("disconnect", ({ reasonCode }) => {
      if (reasonCode !== takenOver) return;
      // Connecting again would only throw the other one out in turn, for ever.
      this.#final = true;
      const message = "another client has taken the client id";
      this.#error ??= new ServiceError("broker-refused", message);
    });
    client.on("connect", ({ properties }) => {
      listener.established({
        receiveMax: properties?.receiveMaximum,
        packetBytesMax: properties?.maximumPacketSize,
      });
    });
    client.on("message", (topic, payload, packet) => {
      if (!this.#closed) listener.message(topic, payload, packet.retain);
    });
    // MQTT.js does not tell the caller of this reason: it shows here alone.
    client.on("packetreceive", (packet) => {
      if (packet.cmd !== "puback" || packet.reasonCode !== noSubscribers) return;
      if (packet.messageId !== undefined) this.#unheard.add(packet.messageId);
    });
    client.once("close", () => {
      if (this.#closed) return;
      this.#closed = true;
      const error = this.#error;
      const [final, reached] = [this.#final, this.#reached];
      listener.closed({ error, code: codeOf(error), final, reached });
    });
  }

  /**
   * Publishes at QoS 1. As MQTT.js's own `publish`, less its clone of the packet and its store,
   * which nobody would replay: ADR 0004 has the figures.
   */
  publish(publish: Publish, acked: PublishDone): void {
    const { topic, payload, retain } = publish;
    const client = this.#client;
    const messageId = client.messageIdProvider.allocate() as number;
    const cb = (error?: Error | null): void => {
      const code = codeOf(error);
      // Only the broker's own answers count here: the end of the connection is told to all.
      if (error && code === undefined) return;
      const heard = !this.#unheard.delete(messageId);
      acked(error ? refusal(topic, error) : undefined, heard);
    };
    client.outgoing[messageId] = { volatile: false, cmd: "publish", cb };
    const packet = {
      cmd: "publish",
      topic,
      // An exact Buffer over the caller's bytes: no copy.
      payload: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
      qos: 1,
      retain,
      dup: false,
      messageId,
    } as const;
    // biome-ignore lint/complexity/useLiteralKeys: TypeScript lets #members through so.
    client["_sendPacket"](packet, undefined, undefined, true);
  }

  /** Subscribes at QoS 1. */
  subscribe(filters: readonly string[], answered: (codes: readonly number[]) => void): void {
    this.#client.subscribe([...filters], { qos: 1 }, (error, _granted, packet) => {
      // The end of the connection is told to all.
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

  /** Cuts the connection, and tells why. */
  fail(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }

  /** Sends DISCONNECT and closes: the Will is not sent. */
  end(done: () => void): void {
    this.#client.outgoing = {};
    this.#client.end(false, {}, () => done());
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#client.stream.destroy();
  }
}
