import { randomFraction, type ServiceError } from "../../core/base/mod.ts";
import type { NodePresence } from "../../core/ports/mod.ts";
import {
  type BusPorts,
  encodePresence,
  type Link,
  LoopbackCheck,
  nodePresenceFault,
  parseNodePresence,
  Topics,
} from "../topics/mod.ts";
import { mqttLimits } from "./link/mod.ts";
import type { MqttOptions } from "./mqtt-options.ts";

export interface NodePresenceListener {
  connected(connected: boolean): void;
  /** The broker does not let this node announce itself in an app, and why; undefined: it does. */
  refused(app: string, error: ServiceError | undefined): void;
}

/**
 * A node's presence in one app, on a connection of its own: an MQTT connection has one Will, and
 * presence must not wait behind commands or events. The node subscribes to its own presence only:
 * the presence of other nodes concerns origins.
 */
export class NodePresenceLink {
  readonly #options: MqttOptions;
  readonly #ports: BusPorts;
  readonly #listener: NodePresenceListener;
  readonly #topic: string;
  readonly #link: Link;
  readonly #loopback: LoopbackCheck;
  #last: NodePresence | undefined;
  #leaving = false;
  #reannouncing = false;

  constructor(app: string, options: MqttOptions, ports: BusPorts, listener: NodePresenceListener) {
    this.#options = options;
    this.#ports = ports;
    this.#listener = listener;
    const topics = new Topics(options.root);
    this.#topic = topics.nodePresence(app, options.node);
    const { node } = options;
    this.#link = ports.openLink({
      name: `${node}-presence`,
      role: "presence",
      willTopic: this.#topic,
      filters: [this.#topic, topics.presenceAsk(app, "+")],
      downLevel: "debug",
    });
    this.#loopback = new LoopbackCheck(ports.clock, {
      topic: this.#topic,
      up: () => this.#link.up,
      publishProbe: () => this.#publishLast(),
      hint: "--node-name is the name of the node's user at the broker",
      onResult: (error) => listener.refused(app, error),
    });
  }

  get up(): boolean {
    return this.#link.up;
  }

  start(): Promise<void> {
    return this.#link.start({
      connected: (connected) => {
        if (connected) this.#publishLast();
        else this.#loopback.disconnected();
        this.#listener.connected(connected);
      },
      message: (topic, payload) => {
        if (topic === this.#topic) this.#ownTopic(payload);
        else this.#asked();
      },
    });
  }

  announce(presence: NodePresence): void {
    this.#last = presence;
    this.#publish(encodePresence(presence));
  }

  /** Clears the presence, which is the clean way to leave. */
  async stop(): Promise<void> {
    this.#leaving = true;
    this.#loopback.stop();
    if (this.#last !== undefined) this.#publish(new Uint8Array(0));
    await this.#link.stop();
  }

  #publish(payload: Uint8Array): void {
    // After the next connect the presence is published anyway.
    if (!this.#link.up) return;
    if (!this.#leaving) this.#loopback.published();
    this.#link.publish(this.#topic, payload, (error) => this.#loopback.answered(error), true);
  }

  #publishLast(): void {
    if (this.#last !== undefined) this.#publish(encodePresence(this.#last));
  }

  /** On `presence/ask`: a newcomer got no retained presence. */
  #asked(): void {
    // A random delay, so that a large cluster does not answer all at once.
    this.#reannounce(randomFraction(this.#ports.random) * mqttLimits.reannounceMs);
  }

  /** The node's own presence comes back, or somebody else wrote or cleared it. */
  #ownTopic(payload: Uint8Array): void {
    const { logger, clock } = this.#ports;
    if (payload.byteLength === 0) {
      // The Will of an earlier connection of this node came late: the node lives and says so.
      if (!this.#leaving && this.#last !== undefined) {
        this.announce({ ...this.#last, at: clock.now() });
      }
      return;
    }
    const presence = parseNodePresence(payload);
    if (presence?.incarnation === this.#last?.incarnation) this.#loopback.received();
    if (presence === undefined) {
      const fields = { topic: this.#topic, fault: nodePresenceFault(payload) };
      logger.log("warn", "presence-malformed", "a presence message is malformed", fields);
      return;
    }
    if (this.#last === undefined || this.#leaving) return;
    if (presence.incarnation === this.#last.incarnation) return;
    this.#reannounce(mqttLimits.reannounceMs);
    if (presence.at > this.#last.at) {
      logger.log("error", "node-name-taken", "another running node has the same node-name", {
        node: this.#options.node,
      });
    }
  }

  /** Delayed: two nodes with one name would otherwise answer each other without a pause. */
  #reannounce(ms: number): void {
    if (this.#reannouncing) return;
    this.#reannouncing = true;
    this.#ports.clock.after(ms, () => {
      this.#reannouncing = false;
      if (this.#leaving || this.#last === undefined) return;
      this.announce({ ...this.#last, at: this.#ports.clock.now() });
    });
  }
}
