import { encode } from "@msgpack/msgpack";
import { limits, ServiceError } from "../../../core/base/mod.ts";
import type { Cancel, Clock, OriginPresence } from "../../../core/ports/mod.ts";
import {
  LoopbackCheck,
  MqttLink,
  type MqttLinkOptions,
  type MqttLinkPorts,
} from "../../mqtt/link/mod.ts";
import { encodePresence, parseOriginPresence, type Topics } from "../../mqtt/wire/mod.ts";
import { originLimits } from "../base/mod.ts";

export interface OriginControlOptions {
  readonly app: string;
  readonly name: string;
  readonly incarnation: string;
  readonly topics: Topics;
  /** How the broker is reached. */
  readonly link: Pick<MqttLinkOptions, "url" | "version" | "tls">;
  /** Whether events can be received: an origin that cannot is not there for its nodes. */
  readonly ready: () => boolean;
  /** What the presence says besides incarnation and heartbeat. */
  readonly presence: Pick<OriginPresence, "window" | "weight">;
}

/**
 * An origin's presence and acks, on a connection of their own: nothing here waits behind events,
 * and its Will clears the presence.
 */
export class OriginControl {
  readonly #options: OriginControlOptions;
  readonly #ports: MqttLinkPorts;
  readonly #link: MqttLink;
  readonly #topic: string;
  /** Confirmations to send at the end of the turn, by node and stream. */
  readonly #acks: Map<string, { node: string; item: unknown[] }> = new Map();
  #scheduled = false;
  #begun = false;
  #leaving = false;
  #left = false;
  readonly #loopback: LoopbackCheck;
  #admitted: ((error: ServiceError | undefined) => void) | undefined;
  #cancelHeartbeat: Cancel = () => {};

  constructor(options: OriginControlOptions, ports: MqttLinkPorts) {
    const { app, name, topics, link } = options;
    this.#options = options;
    this.#ports = ports;
    this.#topic = topics.originPresence(app, name);
    this.#link = new MqttLink(
      {
        ...link,
        name: `${name}-control`,
        role: "control",
        willTopic: this.#topic,
        filters: [this.#topic, topics.presenceAsk(app, "+")],
        downLevel: "debug",
        // It is the first to connect: nobody else would tell.
        unreachableLevel: "warn",
      },
      ports,
    );
    this.#loopback = new LoopbackCheck(ports.clock, {
      topic: this.#topic,
      up: () => this.#link.up,
      again: () => this.#try(),
      hint: "an origin's name is that of its user at the broker",
      told: (error) => this.#admitted?.(error),
    });
  }

  get #clock(): Clock {
    return this.#ports.clock;
  }

  /** Connects; nobody hears of the origin yet. */
  start(): Promise<void> {
    return this.#link.start({
      connected: (connected) => {
        if (!connected) {
          this.#loopback.disconnected();
          return;
        }
        if (this.#admitted !== undefined) this.#try();
        this.announce();
        this.#sendAcks();
      },
      message: (topic, payload) => this.#message(topic, payload),
    });
  }

  /**
   * Resolves when the broker lets this origin write and read its presence; rejects with the rule
   * that is missing. Nobody hears of the origin yet: what it publishes says that it is not there.
   */
  async admitted(): Promise<void> {
    const error = await new Promise<ServiceError | undefined>((resolve) => {
      this.#admitted = resolve;
      this.#try();
    });
    this.#admitted = undefined;
    this.#loopback.stop();
    if (error === undefined) return;
    await this.#link.stop();
    throw error;
  }

  #try(): void {
    if (!this.#link.up) return;
    this.#loopback.published();
    const answered = (error?: ServiceError): void => this.#loopback.answered(error);
    this.#link.publish(this.#topic, new Uint8Array(0), answered, true);
  }

  /** Announces the origin: nodes in assigned or auto mode give it connections from now on. */
  begin(): void {
    this.#begun = true;
    this.announce();
    this.#heartbeat();
  }

  /** Says that the origin lives, if it can be given events now. */
  announce(): void {
    if (!this.#begun || this.#left || !this.#link.up || !this.#options.ready()) return;
    const { incarnation, presence } = this.#options;
    const leaving = this.#leaving ? { leaving: true } : {};
    const at = this.#clock.now();
    const full = {
      v: 1,
      incarnation,
      at,
      every: originLimits.presenceMs,
      ...presence,
      ...leaving,
    };
    this.#link.publish(this.#topic, encodePresence(full as OriginPresence), () => {}, true);
  }

  /**
   * Every item of `stream` below the first count is handled; the second where some never came, and
   * then it is told at once. Others wait a moment for one another, because they are cumulative.
   */
  acknowledge(node: string, stream: string, counts: readonly number[]): void {
    this.#acks.set(`${node} ${stream}`, { node, item: ["ack", stream, ...counts] });
    if (counts.length > 1) this.#sendAcks();
    if (this.#scheduled || this.#acks.size === 0) return;
    this.#scheduled = true;
    this.#clock.after(limits.ackDelayMs, () => {
      this.#scheduled = false;
      this.#sendAcks();
    });
  }

  /** Asks the nodes to hand over; heartbeats go on. */
  leave(): void {
    this.#leaving = true;
    this.announce();
  }

  /** Clears the presence and disconnects. */
  async stop(): Promise<void> {
    this.#left = true;
    this.#admitted?.(new ServiceError("broker-lost", "the origin is closed"));
    this.#cancelHeartbeat();
    this.#sendAcks();
    if (this.#link.up) this.#link.publish(this.#topic, new Uint8Array(0), () => {}, true);
    await this.#link.stop();
  }

  #heartbeat(): void {
    this.#cancelHeartbeat = this.#clock.after(originLimits.presenceMs, () => {
      this.announce();
      this.#heartbeat();
    });
  }

  #message(topic: string, payload: Uint8Array): void {
    if (topic === this.#topic && payload.byteLength === 0) this.#loopback.received();
    // Somebody asks, or a late Will of an earlier connection of ours: we live, and say so again.
    if (topic !== this.#topic || payload.byteLength === 0) {
      this.announce();
      return;
    }
    const presence = parseOriginPresence(payload);
    if (presence !== undefined && presence.incarnation !== this.#options.incarnation) {
      const { name } = this.#options;
      const newer = presence.at > this.#clock.now();
      this.#ports.logger.log(newer ? "error" : "info", "origin-name-taken", "another origin", {
        origin: name,
      });
      this.announce();
    }
  }

  #sendAcks(): void {
    if (this.#acks.size === 0 || !this.#link.up) return;
    const { app, name, topics } = this.#options;
    const byNode = new Map<string, unknown[][]>();
    for (const { node, item } of this.#acks.values()) {
      const items = byNode.get(node) ?? [];
      byNode.set(node, items);
      items.push(item);
    }
    this.#acks.clear();
    for (const [node, items] of byNode) {
      // One that is lost with the connection is made good by the next: acks are cumulative.
      this.#link.publish(topics.nodeCommands(app, node, name), encode(items), () => {});
    }
  }
}
