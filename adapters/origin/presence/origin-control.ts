import { encode } from "@msgpack/msgpack";
import { limits, ServiceError } from "../../../core/base/mod.ts";
import type { Cancel, OriginPresence } from "../../../core/ports/mod.ts";
import { type Acknowledgement, Acknowledgements } from "../../../core/streams/mod.ts";
import {
  type BusPorts,
  encodePresence,
  type Link,
  LoopbackCheck,
  parseOriginPresence,
} from "../../topics/mod.ts";
import { type OriginIdentity, originLimits } from "../base/mod.ts";

/** What an origin says of itself besides that it lives. */
export type AnnouncedPresence = Pick<OriginPresence, "window" | "weight" | "format">;

/**
 * An origin's presence and acknowledgements, on a connection of their own: they never wait behind
 * events, and the Will of this connection clears the presence.
 */
export class OriginControl {
  readonly #identity: OriginIdentity;
  readonly #presence: AnnouncedPresence;
  readonly #ready: () => boolean;
  readonly #ports: BusPorts;
  readonly #link: Link;
  readonly #topic: string;
  readonly #acks: Acknowledgements;
  /** By node and stream: acknowledgements that became due while the broker was away. */
  readonly #unsent: Map<string, readonly [node: string, ack: Acknowledgement]> = new Map();
  /** Nodes whose topic the broker let this origin write to, since it is connected. */
  readonly #proven: Set<string> = new Set();
  #begun = false;
  #leaving = false;
  #left = false;
  readonly #loopback: LoopbackCheck;
  #admitted: ((error: ServiceError | undefined) => void) | undefined;
  #cancelHeartbeat: Cancel = () => {};

  /** `ready`: events can be received. Only then does the origin announce itself. */
  constructor(
    identity: OriginIdentity,
    presence: AnnouncedPresence,
    ready: () => boolean,
    ports: BusPorts,
  ) {
    const { app, name, topics } = identity;
    this.#identity = identity;
    this.#presence = presence;
    this.#ready = ready;
    this.#ports = ports;
    this.#topic = topics.originPresence(app, name);
    const small = presence.window !== undefined && presence.window < originLimits.smallWindowItems;
    this.#acks = new Acknowledgements(
      ports.clock,
      (node, acks) => this.#sendAcks(node, acks),
      small ? 1 : limits.ackWaitsMax,
    );
    this.#link = ports.openLink({
      name: `${name}-control`,
      role: "control",
      willTopic: this.#topic,
      filters: [this.#topic, topics.presenceAsk(app, "+")],
      downLevel: "debug",
      // It connects first, so no other link reports an unreachable broker.
      unreachableLevel: "warn",
    });
    this.#loopback = new LoopbackCheck(ports.clock, {
      topic: this.#topic,
      up: () => this.#link.up,
      publishProbe: () => this.#try(),
      hint: "the broker's user must be named as the origin is",
      onResult: (error) => this.#admitted?.(error),
    });
  }

  /** Connected: acknowledgements can be sent. */
  get up(): boolean {
    return this.#link.up;
  }

  /** Connects. The origin is not announced yet. */
  start(): Promise<void> {
    return this.#link.start({
      connected: (connected) => {
        if (!connected) {
          this.#proven.clear();
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
   * that is missing. It publishes an empty presence, so the origin is not announced yet.
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

  /** Publishes the presence, if the origin can receive events now. */
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

  /** A batch of so many bytes has come from a node. */
  received(_node: string, bytes: number): void {
    this.#acks.received(bytes);
  }

  /** Tells a node how far one of its streams is handled. */
  acknowledge(node: string, ack: Acknowledgement): void {
    this.#acks.note(node, ack);
  }

  /** Asks the nodes to give the connections to other origins; heartbeats go on. */
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
    // A newcomer asks, or the late Will of an earlier connection has cleared the presence.
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
    const topic = topics.nodeCommands(app, node, name);
    // QoS 0 is enough: the next acknowledgement says all that a lost one said. But at QoS 0 the
    // broker cannot answer that it refuses this topic. So the first acknowledgement to a node goes
    // out at QoS 1, and so does the answer to a batch that the node repeated or that leaves a gap.
    const isAnswer = acks.some(([, , , received]) => received !== undefined);
    if (this.#link.streamQos === 0 && this.#proven.has(node) && !isAnswer) {
      this.#link.publishAtMostOnce(topic, encode(acks), () => {});
      return;
    }
    this.#link.publish(topic, encode(acks), (error) => {
      if (error === undefined) this.#proven.add(node);
    });
  }
}
