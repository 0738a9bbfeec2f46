import { limits, ServiceError } from "../../../core/base/mod.ts";
import type { Cancel, Clock, Logger, LogLevel, Random } from "../../../core/ports/mod.ts";
import { Backoff } from "./backoff.ts";
import { type BrokerAddress, parseBrokerUrl, redactUrl } from "./broker-url.ts";
import { connackVerdict } from "./connack.ts";
import { LinkLog } from "./link-log.ts";
import { mqttLimits } from "./mqtt-limits.ts";
import { MqttSession, type MqttSessionEnd, type MqttSessionLimits } from "./mqtt-session.ts";
import type { MqttTls } from "./mqtt-tls.ts";
import { type PublishDone, PublishWindow } from "./publish-window.ts";
import { type SubscribeDone, Subscriptions } from "./subscriptions.ts";

/** `4` is MQTT 3.1.1. `auto` tries MQTT 5 and falls back to 3.1.1, which every broker speaks. */
export type MqttVersion = "auto" | "4" | "5";

export interface MqttLinkOptions {
  readonly url: string;
  /** The client id begins with it; a random rest makes the id unique. */
  readonly name: string;
  /** What the connection is for, as logs show it. */
  readonly role: string;
  readonly version?: MqttVersion | undefined;
  readonly tls?: MqttTls | undefined;
  /** The broker clears this retained topic when the connection dies. */
  readonly willTopic?: string | undefined;
  /** Topic filters that are subscribed at QoS 1 before the link counts as connected. */
  readonly filters?: readonly string[] | undefined;
  /** False where the caller bounds the publishes that the broker has not confirmed. */
  readonly bounded?: boolean | undefined;
  /** Longest wait before connecting again; `mqttLimits.reconnectMsMax` by default. */
  readonly reconnectMsMax?: number | undefined;
  /** Log level of a lost or unreachable broker. Of the links of one node only one warns. */
  readonly downLevel?: LogLevel | undefined;
  /** Log level where the broker was never reached before; `downLevel` by default. */
  readonly unreachableLevel?: LogLevel | undefined;
}

export interface MqttLinkPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What a link reports. The methods must not throw. */
export interface MqttLinkListener {
  /** Connected and subscribed, or not any more. */
  connected(connected: boolean): void;
  /** `payload` is only valid during the call. */
  message(topic: string, payload: Uint8Array, retained: boolean): void;
}

type State = "idle" | "connecting" | "up" | "waiting" | "stopped";

/**
 * A connection to the broker that reconnects by itself. Every attempt is a new session with an
 * empty store: MQTT.js would otherwise replay its store one packet at a time before it emits
 * `connect`. An unconfirmed publish fails with `broker-lost`, and the caller repeats it.
 */
export class MqttLink {
  readonly #options: MqttLinkOptions;
  readonly #ports: MqttLinkPorts;
  readonly #address: BrokerAddress;
  readonly #clientId: string;
  readonly #backoff: Backoff;
  readonly #window: PublishWindow;
  readonly #subscriptions: Subscriptions;
  readonly #lines: LinkLog;
  readonly #auto: boolean;
  #listener: MqttLinkListener | undefined;
  #session: MqttSession | undefined;
  #state: State = "idle";
  #version: 4 | 5;
  #fellBack = false;
  #everUp = false;
  #loggedRefused = false;
  #packetBytesMax: number | undefined;
  #cancelRetry: Cancel = () => {};
  #idle: (() => void) | undefined;
  #settle: { resolve(): void; reject(error: ServiceError): void } | undefined;

  constructor(options: MqttLinkOptions, ports: MqttLinkPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#lines = new LinkLog(ports.logger, ports.clock, options);
    this.#address = parseBrokerUrl(options.url);
    const rest = ports.random.fill(new Uint8Array(6));
    const hex = Array.from(rest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#clientId = `${options.name}-${hex}`;
    this.#backoff = new Backoff(ports.random, options.reconnectMsMax);
    this.#version = options.version === "4" ? 4 : 5;
    const { filters = [], version = "auto" } = options;
    this.#auto = version === "auto";
    this.#subscriptions = new Subscriptions(ports.clock, filters, (filter, required) =>
      this.#notGranted(filter, required),
    );
    this.#window = new PublishWindow((publish, acked) => {
      this.#lines.topic = publish.topic;
      this.#session?.publish(publish, (error, subscribers) => {
        if (error !== undefined) this.#lines.refused(publish.topic, error);
        acked(error, subscribers);
        if (this.#window.size === 0) this.#idle?.();
      });
    }, options.bounded);
  }

  get up(): boolean {
    return this.#state === "up";
  }

  /** The broker's limit of a packet in bytes, where it named one (MQTT 5). */
  get packetBytesMax(): number | undefined {
    return this.#packetBytesMax;
  }

  /** The protocol level in use: 4 is MQTT 3.1.1 (3.1.2.2). */
  get version(): 4 | 5 {
    return this.#version;
  }

  /** Whether a publish waits until the one before it is answered. */
  set oneAtATime(on: boolean) {
    this.#window.oneAtATime = on;
  }

  /**
   * Connects and keeps connected. Resolves when subscribed for the first time, however long that
   * takes; rejects with `broker-refused` where trying again cannot help.
   */
  start(listener: MqttLinkListener): Promise<void> {
    this.#listener = listener;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (this.#state === "idle") this.#connect();
    });
  }

  /**
   * Publishes at QoS 1. The caller must not change `payload` afterwards. `done` is called once,
   * with `broker-lost` (not connected, or the connection ended), `window-full`, `batch-too-big`
   * (above the broker's Maximum Packet Size), `publish-refused` or `publish-failed`.
   */
  publish(topic: string, payload: Uint8Array, done: PublishDone, retain = false): void {
    if (this.#state !== "up") {
      done(new ServiceError("broker-lost", "the broker is not connected"));
      return;
    }
    const bytes = payload.byteLength + 3 * topic.length + mqttLimits.packetOverheadBytes;
    // A packet above the limit would end the connection, and again after each repetition.
    if (this.#packetBytesMax !== undefined && bytes > this.#packetBytesMax) {
      done(new ServiceError("batch-too-big", "the packet exceeds the broker's limit"));
      return;
    }
    this.#window.add({ topic, payload, retain, done });
  }

  /**
   * Subscribes at QoS 1, now and after every reconnect, before `connected` is told. `done` is
   * called once: when granted for the first time, or with an error: then nothing is subscribed.
   */
  subscribe(filter: string, done: SubscribeDone): void {
    this.#subscriptions.add(filter, done);
  }

  unsubscribe(filter: string): void {
    this.#subscriptions.remove(filter);
  }

  /** Waits for the PUBACKs that are missing, at most `shutdownFlushMs`, then disconnects. */
  async stop(): Promise<void> {
    if (this.#state === "stopped") return;
    if (this.#state === "up" && this.#window.size > 0) {
      await this.#within((done) => {
        this.#idle = done;
      });
    }
    const wasUp = this.#state === "up";
    this.#state = "stopped";
    this.#cancelRetry();
    const closing = new ServiceError("broker-lost", "the connection to the broker is closing");
    this.#subscriptions.stop(closing);
    this.#window.fail(closing);
    const session = this.#session;
    if (wasUp && session !== undefined) await this.#within((done) => session.end(done));
    session?.destroy();
    if (wasUp) this.#listener?.connected(false);
    this.#settle?.reject(
      new ServiceError("broker-lost", "stopped before the connection was established"),
    );
  }

  #within(begin: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(limits.shutdownFlushMs, resolve);
      begin(() => {
        cancel();
        resolve();
      });
    });
  }

  #connect(): void {
    this.#state = "connecting";
    const { tls, willTopic } = this.#options;
    const options = {
      address: this.#address,
      clientId: this.#clientId,
      version: this.#version,
      tls,
      willTopic,
    };
    const session: MqttSession = new MqttSession(options, {
      established: (granted) => this.#connected(session, granted),
      message: (topic, payload, retained) => this.#listener?.message(topic, payload, retained),
      closed: (end) => this.#closed(end),
    });
    this.#session = session;
  }

  #connected(session: MqttSession, { receiveMax, packetBytesMax }: MqttSessionLimits): void {
    if (this.#state !== "connecting") return;
    this.#window.limit(receiveMax);
    this.#packetBytesMax = packetBytesMax;
    this.#loggedRefused = false;
    this.#subscriptions.begin(session, packetBytesMax, () => this.#established());
  }

  #established(): void {
    this.#state = "up";
    this.#backoff.reset();
    this.#fellBack = false;
    this.#everUp = true;
    this.#lines.up();
    this.#listener?.connected(true);
    this.#settle?.resolve();
  }

  #notGranted(filter: string, required: boolean): void {
    const message = `the broker does not grant the subscription ${filter}: let this user read it`;
    if (required) this.#session?.fail(new ServiceError("broker-refused", message));
    else if (!this.#loggedRefused) this.#lines.log("warn", "subscription-refused", { filter });
    this.#loggedRefused = true;
  }

  #closed(end: MqttSessionEnd): void {
    if (this.#state === "stopped") return;
    const wasUp = this.#state === "up";
    const refusal = this.#refusal(end);
    this.#subscriptions.lost();
    this.#state = refusal === undefined ? "waiting" : "stopped";
    this.#window.fail(new ServiceError("broker-lost", "the connection to the broker is lost"));
    if (wasUp) this.#listener?.connected(false);
    if (refusal !== undefined) {
      this.#subscriptions.stop(refusal);
      // At the start the caller of `start` reports it. Later nobody else would.
      const level = this.#everUp ? "error" : "debug";
      this.#lines.log(level, refusal.code, { reason: refusal.message });
      this.#settle?.reject(refusal);
    } else if (this.#state === "waiting" && !this.#fallBack(wasUp, end)) {
      this.#retry(wasUp, end.error);
    }
  }

  /**
   * An error after which the link does not try again. Credentials that are refused at the start
   * are the operator's mistake. Refused later, the broker may just be restarting.
   */
  #refusal({ error, code, final }: MqttSessionEnd): ServiceError | undefined {
    if (this.#everUp && !final) return undefined;
    const url = redactUrl(this.#options.url);
    if (error instanceof ServiceError) {
      return new ServiceError(error.code, `${url}: ${error.message}`, { cause: error });
    }
    if (code === undefined) return undefined;
    const verdict = connackVerdict(code);
    if (verdict === "later" || (verdict === "version" && this.#auto)) return undefined;
    return new ServiceError("broker-refused", `${url}: ${error?.message}`, { cause: error });
  }

  /**
   * Brokers without MQTT 5 answer its CONNECT with return code 1, with bytes that MQTT.js takes
   * for a malformed packet, or not at all. So the link tries the other version, the first time
   * at once.
   */
  #fallBack(wasUp: boolean, end: MqttSessionEnd): boolean {
    if (wasUp || !end.reached || !this.#auto) return false;
    // The broker took this version before: it is just starting, and will take it again.
    const refused = end.code !== undefined && connackVerdict(end.code) === "version";
    if (this.#everUp && !refused) return false;
    this.#version = this.#version === 5 ? 4 : 5;
    if (this.#fellBack) return false;
    this.#fellBack = true;
    this.#connect();
    return true;
  }

  #retry(wasUp: boolean, error: Error | undefined): void {
    this.#fellBack = false;
    this.#lines.down(wasUp, this.#everUp, error);
    this.#cancelRetry = this.#ports.clock.after(this.#backoff.next(), () => {
      if (this.#state === "waiting") this.#connect();
    });
  }
}
