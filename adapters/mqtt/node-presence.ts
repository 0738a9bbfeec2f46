import type { ServiceError } from "../../core/base/mod.ts";
import type { NodePresence } from "../../core/ports/mod.ts";
import { EchoWatch, MqttLink, type MqttOptions, type MqttPorts, mqttLimits } from "./link/mod.ts";
import { encodePresence, nodePresenceFault, parseNodePresence, Topics } from "./wire/mod.ts";

export interface NodePresenceListener {
  node(app: string, node: string, presence: NodePresence | undefined): void;
  connected(connected: boolean): void;
  /** The broker does not let this node announce itself in an app, and why; or it does again. */
  refused(app: string, error: ServiceError | undefined): void;
}

/**
 * A node's presence in one app, on a connection of its own: an MQTT connection has one Will, and
 * nothing here waits behind commands or events.
 */
export class NodePresenceLink {
  readonly #app: string;
  readonly #options: MqttOptions;
  readonly #ports: MqttPorts;
  readonly #listener: NodePresenceListener;
  readonly #topics: Topics;
  readonly #topic: string;
  readonly #link: MqttLink;
  readonly #echo: EchoWatch;
  #last: NodePresence | undefined;
  #leaving = false;
  #heardRetained = false;
  #asked = false;
  #reannouncing = false;

  constructor(
    app: string,
    options: MqttOptions,
    ports: MqttPorts,
    listener: NodePresenceListener,
  ) {
    this.#app = app;
    this.#options = options;
    this.#ports = ports;
    this.#listener = listener;
    this.#topics = new Topics(options.root);
    this.#topic = this.#topics.nodePresence(app, options.node);
    const { url, version, tls, node } = options;
    this.#link = new MqttLink(
      {
        url,
        version,
        tls,
        name: `${node}-presence`,
        role: "presence",
        willTopic: this.#topic,
        filters: [this.#topics.nodePresence(app, "+"), this.#topics.presenceAsk(app, "+")],
        downLevel: "debug",
      },
      ports,
    );
    this.#echo = new EchoWatch(ports.clock, {
      topic: this.#topic,
      up: () => this.#link.up,
      again: () => this.#publishLast(),
      hint: "--node-name is the name of the node's user at the broker",
      told: (error) => listener.refused(app, error),
    });
  }

  get up(): boolean {
    return this.#link.up;
  }

  start(): Promise<void> {
    return this.#link.start({
      connected: (connected) => {
        if (connected) this.#connected();
        else this.#echo.lost();
        this.#listener.connected(connected);
      },
      message: (topic, payload, retained) => this.#message(topic, payload, retained),
    });
  }

  announce(presence: NodePresence): void {
    this.#last = presence;
    this.#publish(encodePresence(presence));
  }

  /** Clears the presence, which is the clean way to leave. */
  async stop(): Promise<void> {
    this.#leaving = true;
    this.#echo.stop();
    if (this.#last !== undefined) this.#publish(new Uint8Array(0));
    await this.#link.stop();
  }

  /** As the death of the process would. */
  cut(): void {
    this.#link.cut();
  }

  #publish(payload: Uint8Array): void {
    // What is lost here is made good by the announcement after the next connect.
    if (!this.#link.up) return;
    if (!this.#leaving) this.#echo.published();
    this.#link.publish(this.#topic, payload, (error) => this.#echo.answered(error), true);
  }

  #publishLast(): void {
    if (this.#last !== undefined) this.#publish(encodePresence(this.#last));
  }

  #connected(): void {
    this.#publishLast();
    if (this.#asked) return;
    this.#asked = true;
    this.#ports.clock.after(mqttLimits.presenceAskMs, () => {
      // Brokers exist that send no retained messages to a wildcard filter.
      if (this.#heardRetained || this.#leaving || !this.#link.up) return;
      const topic = this.#topics.presenceAsk(this.#app, this.#options.node);
      this.#link.publish(topic, new Uint8Array(0), () => {});
    });
  }

  #message(topic: string, payload: Uint8Array, retained: boolean): void {
    const parsed = this.#topics.parse(topic);
    if (parsed?.kind === "presence-ask") {
      const [byte = 0] = this.#ports.random.fill(new Uint8Array(1));
      // Spread out, so that a large cluster does not answer in one moment.
      this.#reannounce((byte / 256) * mqttLimits.reannounceMs);
    }
    if (parsed?.kind !== "node-presence") return;
    this.#heardRetained ||= retained;
    if (payload.byteLength === 0) {
      this.#gone(parsed.node);
      return;
    }
    const presence = parseNodePresence(payload);
    const own = presence?.incarnation === this.#last?.incarnation;
    if (parsed.node === this.#options.node && own) this.#echo.heard();
    if (presence === undefined) {
      const fields = { topic, fault: nodePresenceFault(payload) };
      this.#ports.logger.log("warn", "presence-malformed", "a presence cannot be read", fields);
      return;
    }
    if (this.#isForeign(parsed.node, presence)) {
      this.#reannounce(mqttLimits.reannounceMs);
      if (presence.at > (this.#last?.at ?? 0)) {
        this.#ports.logger.log("error", "node-name-taken", "another node has this node's name", {
          node: parsed.node,
        });
      }
    }
    this.#listener.node(this.#app, parsed.node, presence);
  }

  #gone(node: string): void {
    // A late Will of an earlier connection of ours: we live, and say so again.
    if (node === this.#options.node && !this.#leaving && this.#last !== undefined) {
      this.announce({ ...this.#last, at: this.#ports.clock.now() });
      return;
    }
    this.#listener.node(this.#app, node, undefined);
  }

  #isForeign(node: string, presence: NodePresence): boolean {
    if (node !== this.#options.node || this.#last === undefined || this.#leaving) return false;
    return presence.incarnation !== this.#last.incarnation;
  }

  /** Not at once: two nodes of one name would otherwise answer each other without end. */
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
