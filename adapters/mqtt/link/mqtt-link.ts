import { limits, ServiceError } from "../../../core/base/mod.ts";
import type { Cancel } from "../../../core/ports/mod.ts";
import {
  type Link,
  type LinkListener,
  type LinkOptions,
  type LinkPorts,
  type OpenLink,
  type PublishDone,
  packetOverheadBytes,
  type SubscribeDone,
} from "../../topics/mod.ts";
import { Backoff } from "./backoff.ts";
import { type BrokerAddress, brokerName, parseBrokerUrl, redactUrl } from "./broker-url.ts";
import { connackVerdict } from "./connack.ts";
import { LinkLog } from "./link-log.ts";
import { LinkMetrics } from "./link-metrics.ts";
import { MqttSession, type MqttSessionEnd, type MqttSessionLimits } from "./mqtt-session.ts";
import type { MqttTls } from "./mqtt-tls.ts";
import { type Publish, PublishWindow } from "./publish-window.ts";
import { Subscriptions } from "./subscriptions.ts";
import { UnsentPublishes } from "./unsent-publishes.ts";

/** `4` is MQTT 3.1.1. `auto` tries MQTT 5 and falls back to 3.1.1, which every broker speaks. */
export type MqttVersion = "auto" | "4" | "5";

/** Where the broker is, and how to talk to it. */
export interface MqttBroker {
  /** `mqtt://` or `mqtts://`, with user and password if the broker wants them. */
  readonly url: string;
  readonly version?: MqttVersion | undefined;
  readonly tls?: MqttTls | undefined;
  /** QoS of numbered streams and their acknowledgements; 0 by default. */
  readonly streamQos?: 0 | 1 | undefined;
  /** Whether PUBLISH packets at QoS 0 pass MQTT.js by, which costs less; true by default. */
  readonly dataLane?: boolean | undefined;
}

export type MqttLinkOptions = MqttBroker & LinkOptions;

/** Links to a broker. */
export function mqttLinks(broker: MqttBroker, ports: LinkPorts): OpenLink {
  const { metrics } = ports;
  const measured = metrics && new LinkMetrics(metrics, brokerName(broker.url));
  return (options) => new MqttLink({ ...options, ...broker }, ports, measured);
}

type State = "idle" | "connecting" | "up" | "waiting" | "stopped";

/**
 * A connection to the broker that reconnects by itself. Every attempt is a new session with an
 * empty store: MQTT.js would otherwise replay its store one packet at a time before it emits
 * `connect`. An unconfirmed publish fails with `broker-lost`, and the caller repeats it.
 */
export class MqttLink implements Link {
  readonly #options: MqttLinkOptions;
  readonly #ports: LinkPorts;
  readonly #address: BrokerAddress;
  readonly #clientId: string;
  readonly #backoff: Backoff;
  readonly #window: PublishWindow;
  readonly #unsent: UnsentPublishes;
  readonly #subscriptions: Subscriptions;
  readonly #lines: LinkLog;
  readonly #auto: boolean;
  readonly #metrics: LinkMetrics | undefined;
  /** The publish whose round trip is measured; undefined while none is. */
  #measured: Publish | undefined;
  #measuredAt = 0;
  #listener: LinkListener | undefined;
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

  constructor(options: MqttLinkOptions, ports: LinkPorts, metrics?: LinkMetrics) {
    this.#options = options;
    this.#metrics = metrics;
    metrics?.opened(options.role, this);
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
      this.#measure(publish);
      this.#session?.publish(publish, (error, subscribers) => {
        if (publish === this.#measured) this.#answered();
        if (error !== undefined) this.#lines.refused(publish.topic, error);
        acked(error, subscribers);
        this.#idleIfDone();
      });
    }, options.bounded);
    this.#unsent = new UnsentPublishes(options.bounded);
  }

  get up(): boolean {
    return this.#state === "up";
  }

  /** The link has been stopped, and does not connect again. */
  get stopped(): boolean {
    return this.#state === "stopped";
  }

  /** MQTT 5, 3.2.2.3.6. */
  get packetBytesMax(): number | undefined {
    return this.#packetBytesMax;
  }

  /** MQTT 5, 3.4.2.1; MQTT 3.1.1 has no reason codes. */
  get reportsReasons(): boolean {
    return this.#version === 5;
  }

  get oneAtATime(): boolean {
    return this.#window.oneAtATime;
  }

  set oneAtATime(on: boolean) {
    this.#window.oneAtATime = on;
  }

  get streamQos(): 0 | 1 {
    return this.#options.streamQos ?? 0;
  }

  start(listener: LinkListener): Promise<void> {
    this.#listener = listener;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (this.#state === "idle") this.#connect();
    });
  }

  publish(topic: string, payload: Uint8Array, done: PublishDone, retain = false): void {
    const error = this.#refusalOf(topic, payload);
    if (error === undefined) this.#window.add({ topic, payload, retain, done });
    else done(error);
  }

  publishAtMostOnce(topic: string, payload: Uint8Array, done: PublishDone, room?: number): void {
    const bytes = payload.byteLength;
    const error = this.#refusalOf(topic, payload) ?? this.#unsent.refusal(bytes);
    if (error !== undefined) {
      done(error);
      return;
    }
    this.#lines.topic = topic;
    if (this.#session?.send(topic, payload, room)) done();
    else this.#unsent.add(bytes, done);
  }

  subscribe(filter: string, done: SubscribeDone): void {
    this.#subscriptions.add(filter, done);
  }

  unsubscribe(filter: string): void {
    this.#subscriptions.remove(filter);
  }

  /** Waits for the PUBACKs that are missing, at most `shutdownFlushMs`, then disconnects. */
  async stop(): Promise<void> {
    if (this.#state === "stopped") return;
    if (this.#state === "up" && this.#unanswered > 0) {
      await this.#within((done) => {
        this.#idle = done;
      });
    }
    const wasUp = this.#state === "up";
    this.#state = "stopped";
    this.#cancelRetry();
    const closing = new ServiceError("broker-lost", "the connection to the broker is closing");
    this.#subscriptions.stop(closing);
    this.#fail(closing);
    const session = this.#session;
    if (wasUp && session !== undefined) await this.#within((done) => session.end(done));
    session?.destroy();
    if (wasUp) this.#listener?.connected(false);
    this.#settle?.reject(
      new ServiceError("broker-lost", "the link was stopped before it was connected"),
    );
  }

  get #unanswered(): number {
    return this.#window.size + this.#unsent.size;
  }

  #idleIfDone(): void {
    if (this.#unanswered === 0) this.#idle?.();
  }

  #measure(publish: Publish): void {
    if (this.#measured !== undefined || this.#metrics === undefined) return;
    this.#measured = publish;
    this.#measuredAt = this.#ports.clock.ticks();
  }

  #answered(): void {
    this.#metrics?.roundTrip.observe((this.#ports.clock.ticks() - this.#measuredAt) / 1_000);
    this.#measured = undefined;
  }

  #fail(error: ServiceError): void {
    this.#measured = undefined;
    this.#window.fail(error);
    this.#unsent.answer(error);
  }

  /** Why a publish cannot be given to the broker. */
  #refusalOf(topic: string, payload: Uint8Array): ServiceError | undefined {
    if (this.#state !== "up") {
      return new ServiceError("broker-lost", "the broker is not connected");
    }
    const bytes = payload.byteLength + 3 * topic.length + packetOverheadBytes;
    // A packet above the limit would end the connection, and again after each repetition.
    if (this.#packetBytesMax === undefined || bytes <= this.#packetBytesMax) return undefined;
    return new ServiceError("batch-too-big", "the packet exceeds the broker's limit");
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
    const { tls, willTopic, dataLane = true } = this.#options;
    const options = {
      address: this.#address,
      clientId: this.#clientId,
      version: this.#version,
      tls,
      willTopic,
      dataLane,
    };
    const session: MqttSession = new MqttSession(options, {
      established: (granted) => this.#connected(session, granted),
      message: (topic, payload, retained) => this.#listener?.message(topic, payload, retained),
      drained: () => {
        this.#unsent.answer();
        this.#idleIfDone();
      },
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
    this.#fail(new ServiceError("broker-lost", "the connection to the broker is lost"));
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
