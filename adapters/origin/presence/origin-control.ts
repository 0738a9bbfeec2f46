import { encode } from "@msgpack/msgpack";
import { ServiceError } from "../../../core/base/mod.ts";
import type { Cancel, OriginPresence } from "../../../core/ports/mod.ts";
import { type Acknowledgement, Acknowledgements } from "../../../core/streams/mod.ts";
import {
  LoopbackCheck,
  MqttLink,
  type MqttLinkOptions,
  type MqttLinkPorts,
} from "../../mqtt/link/mod.ts";
import { encodePresence, parseOriginPresence } from "../../mqtt/wire/mod.ts";
import { type OriginIdentity, originLimits } from "../base/mod.ts";

/**
 * An origin's presence and acks, on a connection of their own: nothing here waits behind events,
 * and its Will clears the presence.
 */
export class OriginControl {
  readonly #identity: OriginIdentity;
  readonly #presence: Pick<OriginPresence, "window" | "weight">;
  readonly #ready: () => boolean;
  readonly #ports: MqttLinkPorts;
  readonly #link: MqttLink;
  readonly #topic: string;
  readonly #acks: Acknowledgements;
  /** By node and stream, those that became due while the broker was away. */
  readonly #unsent: Map<string, readonly [node: string, ack: Acknowledgement]> = new Map();
  #begun = false;
  #leaving = false;
  #left = false;
  readonly #loopback: LoopbackCheck;
  #admitted: ((error: ServiceError | undefined) => void) | undefined;
  #cancelHeartbeat: Cancel = () => {};

  /** `ready`: events can be received. Only then does the origin announce itself. */
  constructor(
    identity: OriginIdentity,
    broker: Pick<MqttLinkOptions, "url" | "version" | "tls">,
    presence: Pick<OriginPresence, "window" | "weight">,
    ready: () => boolean,
    ports: MqttLinkPorts,
  ) {
    const { app, name, topics } = identity;
    this.#identity = identity;
    this.#presence = presence;
    this.#ready = ready;
    this.#ports = ports;
    this.#topic = topics.originPresence(app, name);
    this.#acks = new Acknowledgements(ports.clock, (node, acks) => this.#sendAcks(node, acks));
    this.#link = new MqttLink(
      {
        ...broker,
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
      hint: "the broker's user must be named as the origin is",
      told: (error) => this.#admitted?.(error),
    });
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
        this.#acks.flush();
        for (const [node, ack] of this.#unsent.values()) this.#sendAcks(node, [ack]);
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
    if (!this.#begun || this.#left || !this.#link.up || !this.#ready()) return;
    const presence: OriginPresence = {
      v: 1,
      incarnation: this.#identity.incarnation,
      at: this.#ports.clock.now(),
      every: originLimits.presenceMs,
      ...this.#presence,
      ...(this.#leaving ? { leaving: true } : {}),
    };
    this.#link.publish(this.#topic, encodePresence(presence), () => {}, true);
  }

  /** Tells a node how far one of its streams is handled. */
  acknowledge(node: string, ack: Acknowledgement): void {
    this.#acks.note(node, ack);
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
    this.#acks.flush();
    if (this.#link.up) this.#link.publish(this.#topic, new Uint8Array(0), () => {}, true);
    await this.#link.stop();
  }

  #heartbeat(): void {
    this.#cancelHeartbeat = this.#ports.clock.after(originLimits.presenceMs, () => {
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
    if (presence !== undefined && presence.incarnation !== this.#identity.incarnation) {
      const { name } = this.#identity;
      const newer = presence.at > this.#ports.clock.now();
      this.#ports.logger.log(newer ? "error" : "info", "origin-name-taken", "another origin", {
        origin: name,
      });
      this.announce();
    }
  }

  #sendAcks(node: string, acks: readonly Acknowledgement[]): void {
    for (const ack of acks) {
      const key = `${node} ${ack[1]}`;
      if (this.#link.up) this.#unsent.delete(key);
      else this.#unsent.set(key, [node, ack]);
    }
    if (!this.#link.up) return;
    const { app, name, topics } = this.#identity;
    // One that is lost with the connection is made good by the next: acks are cumulative.
    this.#link.publish(topics.nodeCommands(app, node, name), encode(acks), () => {});
  }
}
