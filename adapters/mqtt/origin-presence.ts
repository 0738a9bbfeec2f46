import type { EventChannelListener } from "../../core/ports/mod.ts";
import {
  type BusPorts,
  type Link,
  originPresenceFault,
  parseOriginPresence,
  Topics,
} from "../topics/mod.ts";
import { mqttLimits } from "./link/mod.ts";
import type { MqttOptions } from "./mqtt-options.ts";

export type OriginPresenceListener = Pick<EventChannelListener, "origin" | "connected">;

/** Reads the presences of origins, on a connection of its own: they must not wait for events. */
export class OriginPresenceLink {
  readonly #options: MqttOptions;
  readonly #ports: BusPorts;
  readonly #topics: Topics;
  readonly #link: Link;
  #listener: OriginPresenceListener | undefined;
  /** Apps of which the broker has sent a retained presence. */
  readonly #retained: Set<string> = new Set();
  #asked = false;
  #stopped = false;

  constructor(options: MqttOptions, ports: BusPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#topics = new Topics(options.root);
    const { node, apps } = options;
    const filters = apps.map((app) => this.#topics.originPresence(app, "+"));
    const name = `${node}-origins`;
    this.#link = ports.openLink({ name, role: "origins", filters, downLevel: "debug" });
  }

  get up(): boolean {
    return this.#link.up;
  }

  start(listener: OriginPresenceListener): Promise<void> {
    this.#listener = listener;
    return this.#link.start({
      connected: (connected) => {
        listener.connected(connected);
        if (connected) this.#askLater();
      },
      message: (topic, payload, retained) => this.#message(topic, payload, retained),
    });
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.#link.stop();
  }

  /** Some brokers send no retained messages to a wildcard filter. */
  #askLater(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#ports.clock.after(mqttLimits.presenceAskMs, () => {
      if (this.#stopped || !this.#link.up) return;
      for (const app of this.#options.apps) {
        if (this.#retained.has(app)) continue;
        const topic = this.#topics.presenceAsk(app, this.#options.node);
        this.#link.publish(topic, new Uint8Array(0), () => {});
      }
    });
  }

  #message(topic: string, payload: Uint8Array, retained: boolean): void {
    const parsed = this.#topics.parse(topic);
    if (parsed?.kind !== "origin-presence") return;
    if (retained) this.#retained.add(parsed.app);
    const presence = payload.byteLength === 0 ? undefined : parseOriginPresence(payload);
    if (payload.byteLength > 0 && presence === undefined) {
      const fields = { topic, fault: originPresenceFault(payload) };
      this.#ports.logger.log(
        "warn",
        "presence-malformed",
        "a presence message is malformed",
        fields,
      );
      return;
    }
    this.#listener?.origin(parsed.app, parsed.origin, presence, retained);
  }
}
